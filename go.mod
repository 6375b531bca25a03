module evenkeel.dev

go 1.26.0
