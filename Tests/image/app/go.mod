module example.com/app

go 1.25

require (
	example.com/Upper/shout v1.0.0
	example.com/greeting v1.2.0
)
