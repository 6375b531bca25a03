package render_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/render"
)

const subchart = "apiVersion: v2\nname: sub\nversion: 1.0.0\n"

// tgz is an archive of entries; of an entry that is a link the name says where to.
func tgz(t *testing.T, entries ...tar.Header) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, h := range entries {
		content := h.Uname // carries it
		h.Uname, h.Mode = "", 0o644
		if h.Typeflag == tar.TypeReg {
			h.Size = int64(len(content))
		}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func regular(name, content string) tar.Header {
	return tar.Header{Typeflag: tar.TypeReg, Name: name, Uname: content}
}

func TestPackedSubcharts(t *testing.T) {
	t.Parallel()
	named := func(name string) string { return strings.Replace(configMap, "name: a", "name: "+name, 1) }
	chart := regular("sub/Chart.yaml", subchart)
	inner := tgz(t, regular("leaf/Chart.yaml", strings.Replace(subchart, "sub", "leaf", 1)), regular("leaf/templates/l.yaml", named("leaf")))
	reads := regular("sub/templates/s.yaml", strings.TrimSuffix(named("sub"), "\n")+"\ndata: {x: '{{ .Files.Get \"x\" }}'}\n")
	names := []tar.Header{chart}
	for i := range 3000 {
		names = append(names, regular(fmt.Sprintf("sub/x%d", i), ""))
	}
	matryoshka := tgz(t, chart)
	for range 12 {
		matryoshka = tgz(t, chart, regular("sub/charts/sub-1.0.0.tgz", matryoshka))
	}
	tests := []struct {
		reason string
		packed string
		want   int
		err    string
	}{
		{"a packed chart in a packed chart", tgz(t, chart, regular("sub/templates/s.yaml", named("sub")), regular("sub/charts/leaf-1.0.0.tgz", inner)), 3, ""},
		{"a bomb", tgz(t, chart, regular("sub/zeros", strings.Repeat("0", 4<<20))), 0, "app/charts/sub.tgz: "},
		{"a bomb of names", tgz(t, names...), 0, "app/charts/sub.tgz: "},
		{"archives in archives", matryoshka, 0, "archives in archives deeper than 8 levels"},
		{"a file that climbs out", tgz(t, chart, regular("sub/../../x", "y")), 0, "illegally references parent directory"},
		{"an absolute file is one of the chart", tgz(t, chart, regular("/etc/passwd", "y")), 1, ""},
		{"a file of Windows", tgz(t, chart, regular(`sub\..\..\x`, "y")), 0, "illegally references parent directory"},
		{"a drive of Windows", tgz(t, chart, regular("sub/c:/x", "y")), 0, "illegally named files"},
		{"a file outside of the chart's directory", tgz(t, chart, regular("Chart.yaml", subchart)), 0, "illegally contains content outside the base directory"},
		{"a symbolic link to the host is an empty file", tgz(t, chart, reads, tar.Header{Typeflag: tar.TypeSymlink, Name: "sub/x", Linkname: "/etc/passwd"}), 2, ""},
		{"a hard link to the host is an empty file", tgz(t, chart, reads, tar.Header{Typeflag: tar.TypeLink, Name: "sub/x", Linkname: "/etc/passwd"}), 2, ""},
		{"a device is an empty file", tgz(t, chart, reads, tar.Header{Typeflag: tar.TypeChar, Name: "sub/x", Devmajor: 1, Devminor: 5}), 2, ""},
		{"no archive", "hello", 0, "app/charts/sub.tgz"},
		{"nothing", "", 0, "app/charts/sub.tgz"},
		{"cut off", tgz(t, chart)[:60], 0, "app/charts/sub.tgz"},
	}
	for _, tt := range tests {
		result, err := render.Render(t.Context(), render.Request{
			FS: fstest.MapFS{
				"app/Chart.yaml": file("apiVersion: v2\nname: x\nversion: 1.0.0\n"), "app/templates/a.yaml": file(configMap), "app/charts/sub.tgz": file(tt.packed),
			},
			Source: &v1alpha1.ApplicationSource{Path: "app"}, AppName: "x", Options: render.Options{MaxReadBytes: 1 << 20},
		})
		if (err == nil) != (tt.err == "") || !strings.Contains(fmt.Sprint(err), tt.err) || len(result.Objects) != tt.want {
			t.Errorf("%s: got %d objects, %v", tt.reason, len(result.Objects), err)
		}
		for _, o := range result.Objects {
			if data, ok := o.Object["data"].(map[string]any); ok && data["x"] != "" {
				t.Errorf("%s: read %q", tt.reason, data["x"])
			}
		}
	}
}
