package commit

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"evenkeel.dev/internal/fault"
)

func TestParse(t *testing.T) {
	for _, tc := range []struct {
		reason, data string
		want         Info
	}{
		{"zone", "tree x\nauthor A B <a@b> 1700000000 -0330\n\nsubject\nmore", Info{"A B", "a@b", time.Unix(1700000000, 0), "subject"}},
		{"no message", "author A <a@b> 1 +0000\n", Info{"A", "a@b", time.Unix(1, 0), ""}},
		{"no e-mail", "author A\n\nx", Info{Author: "A", Subject: "x"}},
		{"time beyond all bounds", "author A <a> 99999999999999999999 +0000\n\nx", Info{Author: "A", Email: "a", Subject: "x"}},
		{"nonsense zone", "author A <a> 1 +99x9\n\nx", Info{"A", "a", time.Unix(1, 0), "x"}},
		{"Latin-1", "author J\xf6rg <a> 1 +0000\n\n\xfcber", Info{"J�rg", "a", time.Unix(1, 0), "�ber"}},
		{"an author in the message only", "author A <a> 1 +0000\n\nauthor B <b> 2 +0000", Info{"A", "a", time.Unix(1, 0), "author B <b> 2 +0000"}},
	} {
		got, err := Parse([]byte(tc.data))
		if diff := cmp.Diff(tc.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", tc.reason, err, diff)
		}
	}
	if _, err := Parse([]byte("tree x\n\nauthor A <a> 1 +0000")); fault.KindOf(err) != fault.Broken {
		t.Errorf("no author: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("tree x\nauthor A B <a@b> 1700000000 -0330\n\nsubject"))
	f.Fuzz(func(t *testing.T, data []byte) {
		info, err := Parse(data)
		if err != nil {
			return
		}
		if _, err := info.Date.MarshalJSON(); err != nil {
			t.Errorf("date: %v", err)
		}
		if strings.ContainsAny(info.Subject+info.Author+info.Email, "\n\r\x1b\x00") {
			t.Errorf("%q", info)
		}
	})
}
