//go:build race

package evenkeeltest

const raceEnabled = true
