package oracle_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"
)

// repository is the files of a case below repo/. Those below a directory NAME.tgz are
// packed into an archive of that name.
func repository(t *testing.T, archive *txtar.Archive) fstest.MapFS {
	t.Helper()
	repo, packed := fstest.MapFS{}, map[string][]txtar.File{}
	for _, f := range archive.Files {
		name, ok := strings.CutPrefix(f.Name, "repo/")
		if !ok {
			continue
		}
		if before, inner, ok := strings.Cut(name, ".tgz/"); ok {
			packed[before+".tgz"] = append(packed[before+".tgz"], txtar.File{Name: inner, Data: f.Data})
			continue
		}
		repo[name] = &fstest.MapFile{Data: f.Data, Mode: 0o644}
	}
	for name, files := range packed {
		repo[name] = &fstest.MapFile{Data: tgz(t, files), Mode: 0o644}
	}
	return repo
}

func tgz(t *testing.T, files []txtar.File) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, f := range files {
		if err := w.WriteHeader(&tar.Header{Name: f.Name, Mode: 0o644, Size: int64(len(f.Data))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(f.Data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
