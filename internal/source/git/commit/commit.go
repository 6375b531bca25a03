package commit

import (
	"bytes"
	"strconv"
	"strings"
	"time"
	"unicode"

	"evenkeel.dev/internal/fault"
)

// Info is what people know a commit by. The texts are valid UTF-8 without
// control characters.
type Info struct {
	Author string
	Email  string
	// Date is when the author made the change.
	Date time.Time
	// Subject is the first line of the message.
	Subject string
}

// Parse reads a commit object.
func Parse(data []byte) (Info, error) {
	head, message, _ := bytes.Cut(data, []byte("\n\n"))
	for line := range bytes.Lines(head) {
		author, ok := strings.CutPrefix(strings.TrimSuffix(string(line), "\n"), "author ")
		if !ok {
			continue
		}
		info := parseAuthor(author)
		subject, _, _ := strings.Cut(strings.TrimLeft(string(message), "\n"), "\n")
		info.Subject = clean(subject)
		return info, nil
	}
	return Info{}, fault.New(fault.Broken, "commit without an author")
}

// parseAuthor reads "Name <email> 1700000000 +0100". What is missing or
// malformed, as in histories that were imported, stays empty.
func parseAuthor(s string) Info {
	name, rest, _ := strings.Cut(s, "<")
	end := strings.LastIndex(rest, ">")
	if end < 0 {
		return Info{Author: clean(name)}
	}
	info := Info{Author: clean(name), Email: clean(rest[:end])}
	fields := strings.Fields(rest[end+1:])
	if len(fields) == 0 {
		return info
	}
	seconds, err := strconv.ParseInt(fields[0], 10, 64)
	// Later than the year 9999 no time can be marshalled.
	if err != nil || seconds < 0 || seconds > 253_402_300_799 {
		return info
	}
	info.Date = time.Unix(seconds, 0).UTC()
	if len(fields) > 1 {
		info.Date = info.Date.In(zone(fields[1]))
	}
	return info
}

func zone(s string) *time.Location {
	n, err := strconv.Atoi(s)
	if err != nil || len(s) != 5 || n < -1400 || n > 1400 {
		return time.UTC
	}
	return time.FixedZone("", (n/100*60+n%100)*60)
}

func clean(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "�")))
}
