module example.com/greeting

go 1.25

require example.com/Upper/shout v1.0.0
