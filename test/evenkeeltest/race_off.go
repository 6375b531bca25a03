//go:build !race

package evenkeeltest

const raceEnabled = false
