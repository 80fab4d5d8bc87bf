module example.com/Upper/shout

go 1.25
