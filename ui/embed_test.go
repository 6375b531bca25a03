package ui

import (
	"io/fs"
	"testing"
)

func TestDist(t *testing.T) {
	files, built := Dist()
	if files == nil {
		t.Fatal("Dist returned no file system; want one even where the app is not built")
	}
	if !built {
		t.Skip("the web app is not built: dist holds only .keep")
	}
	for _, name := range []string{"index.html", "boot.js", "favicon.svg"} {
		if _, err := fs.Stat(files, name); err != nil {
			t.Errorf("a built app lacks %s: %v", name, err)
		}
	}
	assets, err := fs.Glob(files, "assets/index-*.js")
	if err != nil || len(assets) != 1 {
		t.Errorf("assets/index-*.js: got %v (%v), want exactly one entry script", assets, err)
	}
}
