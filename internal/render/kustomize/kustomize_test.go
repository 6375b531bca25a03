package kustomize

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime/debug"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/types"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/tree"
)

// The renderings themselves are tried as data in internal/render and test/badinput.

func viewOf(t *testing.T, repo fstest.MapFS, overlay map[string][]byte) *view {
	t.Helper()
	v := newView(newMounts(t.Context(), tree.NewReader(t.Context(), repo, 1<<20), nil), overlay)
	v.inspector.warn = func(string) {}
	return v
}

// TestView: Kustomize sees the repository as the whole world, and cannot write.
func TestView(t *testing.T) {
	repo := fstest.MapFS{"app/a.yaml": {Data: []byte("a")}, "app/b.yaml": {Data: []byte("b")}, "other/c": {}}
	v := viewOf(t, repo, map[string][]byte{"app/a.yaml": []byte("overlaid")})
	for p, want := range map[string]string{"/app/a.yaml": "overlaid", "app/b.yaml": "b", "/../../app/b.yaml": "b", "/app/../app/./b.yaml": "b"} {
		if got, err := v.ReadFile(p); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", p, got, err)
		}
	}
	if _, err := v.ReadFile("/etc/passwd"); !errors.Is(err, fs.ErrNotExist) || v.err != nil {
		t.Errorf("a file of the host: %v, %v", err, v.err)
	}
	if !v.IsDir("/") || !v.IsDir("/app") || v.IsDir("/app/a.yaml") || v.IsDir("/nope") || !v.Exists("/app/a.yaml") || v.Exists("/nope") {
		t.Error("what is there is not seen as it is")
	}
	for p, want := range map[string][2]string{"/app": {"/app", ""}, "app/a.yaml": {"/app", "a.yaml"}, "/app/../../../other": {"/other", ""}} {
		dir, base, err := v.CleanedAbs(p)
		if err != nil || string(dir) != want[0] || base != want[1] {
			t.Errorf("%s: %s, %s, %v", p, dir, base, err)
		}
	}
	if _, _, err := v.CleanedAbs("/nope"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nowhere: %v", err)
	}
	_, openErr := v.Open("/app/a.yaml")
	_, createErr := v.Create("/x")
	_, readDirErr := v.ReadDir("/app")
	_, globErr := v.Glob("/app/*")
	for name, err := range map[string]error{
		"readDir": readDirErr, "glob": globErr,
		"open": openErr, "walk": v.Walk("/", nil), "create": createErr, "mkdir": v.Mkdir("/x"), "mkdirAll": v.MkdirAll("/x/y"),
		"removeAll": v.RemoveAll("/app"), "write": v.WriteFile("/app/a.yaml", nil),
	} {
		if err == nil {
			t.Errorf("%s is possible", name)
		}
	}
}

// TestManyKustomizations: bases that fan out have an end long before the time or
// the memory has.
func TestManyKustomizations(t *testing.T) {
	repo := fstest.MapFS{"app/kustomization.yaml": {Data: []byte("resources: [a]\n")}, "app/a/kustomization.yaml": {Data: []byte("namePrefix: x\n")}}
	v := viewOf(t, repo, nil)
	v.read = maxKustomizations - 1
	if _, err := v.ReadFile("/app/kustomization.yaml"); err != nil {
		t.Error(err)
	}
	_, err := v.ReadFile("/app/a/kustomization.yaml")
	if fault.KindOf(err) != fault.Broken || !strings.Contains(fmt.Sprint(err), "app/a/kustomization.yaml: more than 1000 kustomizations") || !errors.Is(v.err, err) {
		t.Errorf("%v, %v", err, v.err)
	}
}

// TestCopiesAreBounded: the bound is a global variable of the library's, which
// must be set whenever something is built.
func TestCopiesAreBounded(t *testing.T) {
	var copies []string
	for i := range 40 {
		copies = append(copies, fmt.Sprintf(`{"op": "copy", "from": "/data", "path": "/data/c%d"}`, i))
	}
	repo := fstest.MapFS{
		"kustomization.yaml": {Data: []byte("resources: [a.yaml]\npatches: [{path: p.json, target: {kind: ConfigMap}}]\n")},
		"a.yaml":             {Data: []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: y}\n")}, "p.json": {Data: []byte("[" + strings.Join(copies, ",") + "]")},
	}
	_, err := build(t.Context(), viewOf(t, repo, nil), krusty.MakeDefaultOptions(), ".")
	if fault.KindOf(err) != fault.Broken || !strings.Contains(fmt.Sprint(err), "exceeding the limit 3145728") {
		t.Errorf("got %v", err)
	}
}

func TestRemote(t *testing.T) {
	for _, p := range []string{
		"https://example.org/a", "HTTP://example.org", "http:example.org", "git@github.com:a/b", "git::x", "ssh://x", "file:///x", "s3::https://x",
		"github.com/a/b", "GitHub.com/a/b", "github.com:a/b", " https://x", "org-123@ssh.example.org:a", "oci://x",
	} {
		if !isRemote(p) {
			t.Errorf("%q is not remote", p)
		}
	}
	for _, p := range []string{"a", "../b", "./github.com/a", "https", "base", "a:b", "@x"} {
		if isRemote(p) {
			t.Errorf("%q is remote", p)
		}
	}
}

func TestFlags(t *testing.T) {
	const unspecified = krusty.ReorderOptionUnspecified
	refused := func(names ...string) []string {
		for i := range names {
			names[i] = "kustomize.buildOptions " + names[i]
		}
		return names
	}
	for written, want := range map[string]struct {
		unsupported []string
		unbounded   bool
		reorder     krusty.ReorderOption
		managed     bool
		helm        bool
	}{
		"":                                       {reorder: unspecified},
		"--load-restrictor LoadRestrictionsNone": {unbounded: true, reorder: unspecified},
		"--load-restrictor=LoadRestrictionsRootOnly": {reorder: unspecified},
		"--reorder none": {reorder: krusty.ReorderOptionNone},
		"--reorder=legacy --enable-managedby-label":   {reorder: krusty.ReorderOptionLegacy, managed: true},
		"--enable-managedby-label=false":              {reorder: unspecified},
		"--enable-helm":                               {reorder: unspecified, helm: true},
		"--enable-helm=false":                         {reorder: unspecified},
		"--helm-command /bin/sh --enable-helm":        {unsupported: refused("--helm-command"), reorder: unspecified, helm: true},
		"--enable-exec --enable-star --network":       {unsupported: refused("--enable-exec", "--enable-star", "--network"), reorder: unspecified},
		"--enable-alpha-plugins --enable-exec=false":  {unsupported: refused("--enable-alpha-plugins"), reorder: unspecified},
		"--env HOME -e PATH --mount type=bind,src=/a": {unsupported: refused("--env", "-e", "--mount"), reorder: unspecified},
		"--as-current-user --stack-trace -o out":      {unsupported: refused("-o"), reorder: unspecified},
		"--load-restrictor":                           {unsupported: refused("--load-restrictor"), reorder: unspecified},
		"--reorder sideways":                          {unsupported: refused("--reorder"), reorder: unspecified},
		"--helm-kube-version":                         {unsupported: refused("--helm-kube-version"), reorder: unspecified},
		"--nonsense":                                  {unsupported: refused("--nonsense"), reorder: unspecified},
	} {
		f, unsupported := parseFlags(written)
		if diff := cmp.Diff(want.unsupported, unsupported); diff != "" {
			t.Errorf("%q (-want +got):\n%s", written, diff)
		}
		if (f.LoadRestrictions == types.LoadRestrictionsNone) != want.unbounded || f.Reorder != want.reorder || f.AddManagedbyLabel != want.managed || f.helm != want.helm {
			t.Errorf("%q: got %+v", written, f)
		}
		if p := f.PluginConfig; p.HelmConfig.Enabled || p.FnpLoadingOptions.EnableExec || p.PluginRestrictions != types.PluginRestrictionsBuiltinsOnly {
			t.Errorf("%q runs programs: %+v", written, p)
		}
	}
	f, _ := parseFlags("--helm-kube-version 1.30.0 --helm-api-versions a/v1 --helm-api-versions=b/v1")
	if f.helmKubeVersion != "1.30.0" || !cmp.Equal(f.helmAPIVersions, []string{"a/v1", "b/v1"}) {
		t.Errorf("got %+v", f)
	}
}

// TestVersion: the release that is named is the one whose library is linked.
func TestVersion(t *testing.T) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		t.Fatal("no build information")
	}
	for _, m := range info.Deps {
		if m.Path == "sigs.k8s.io/kustomize/api" && m.Version != "v0.21.1" {
			t.Errorf("the library is %s: name the release of Kustomize that has it in Version", m.Version)
		}
	}
}

// TestMessagesRepeatNothing: what Kustomize says of patches and literals is said
// without them.
func TestMessagesRepeatNothing(t *testing.T) {
	for in, want := range map[string]string{
		"trouble configuring builtin PatchTransformer with config: `\npatch: hunter2\n`: unable to parse": "trouble configuring builtin PatchTransformer with config …: unable to parse",
		`unable to parse SM or JSON patch from [patch: "hunter2 \"quoted\" x"]`:                           "unable to parse SM or JSON patch from [patch …]",
		"literal sources [a=hunter2 b]: invalid literal source hunter2, expected key=value":               "literal sources …: invalid literal source …, expected key=value",
		"patch and path can't be set at the same time\npatch: hunter2":                                    "patch and path can't be set at the same time",
		"configmap has invalid utf8 bytes : hunter2":                                                      "configmap has invalid utf8 bytes",
		"nothing to hide": "nothing to hide",
	} {
		if got := withoutContent(in); got != want {
			t.Errorf("%q became %q", in, got)
		}
	}
}

// FuzzRemote: a path that leads nowhere but into the repository is never taken for
// a path if it could be fetched: what is no plain relative path of letters has to
// be remote, refused by tree.Resolve, or a name in the tree.
func FuzzRemote(f *testing.F) {
	for _, seed := range []string{"https://x", "git@x:y", "github.com/a", "../a", "a//b", "git::x", "\thttp://x", "x?ref=y"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, p string) {
		v := viewOf(t, fstest.MapFS{}, nil)
		c := &checked{inspector: &v.inspector, file: "f", dir: spot{nil, "app"}}
		c.path("resources", asEither, p)
		if c.err != nil || p == "" {
			return
		}
		name, err := tree.Resolve("resources", "app", p)
		if err != nil || !fs.ValidPath(name) {
			t.Errorf("%q is let through and leads to %q, %v", p, name, err)
		}
		for _, scheme := range []string{"://", "git::", "git@"} {
			if strings.HasPrefix(strings.ToLower(p), scheme) || scheme == "://" && strings.Contains(p, scheme) {
				t.Errorf("%q is let through", p)
			}
		}
	})
}
