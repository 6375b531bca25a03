package helmrepo

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"evenkeel.dev/internal/source"
)

// An index that is written twice within a second is read twice: its time does not tell.
func TestWrittenTwiceWithinASecond(t *testing.T) {
	web := newServer(t, false)
	at := time.Unix(1_700_000_000, 0)
	answered := at
	web.behave("", func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Date", answered.UTC().Format(http.TimeFormat))
		return false
	})
	app := func(version string) {
		t.Helper()
		web.write("index.yaml", fmt.Appendf(nil, "apiVersion: v1\nentries:\n  app:\n  - version: %s\n    urls:\n    - app.tgz\n", version))
		if err := os.Chtimes(filepath.Join(web.dir, "index.yaml"), time.Time{}, at); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, Options{})
	newest := func(want string) {
		t.Helper()
		index, err := s.Index(t.Context(), source.Repository{URL: web.URL})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := index.Resolve("app", "*"); err != nil || got != want {
			t.Errorf("%s, %v, want %s", got, err, want)
		}
	}
	app("1.0.0")
	newest("1.0.0")
	app("1.1.0")
	newest("1.1.0")
	answered = at.Add(time.Second)
	newest("1.1.0")
	newest("1.1.0")
	if got, want := web.take(), "/index.yaml, /index.yaml, /index.yaml, /index.yaml If-Modified-Since"; got != want {
		t.Errorf("asked %s, want %s", got, want)
	}
}
