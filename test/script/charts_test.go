package script

import (
	"bufio"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/test/kubetest"
	"evenkeel.dev/test/registrytest"
)

// chartUser is who may read charts when a password is asked for.
const chartUser = "ada"

// chartServer is a Helm repository as most are: a directory behind a web server.
type chartServer struct {
	dir, addr string
	server    *http.Server

	mu       sync.Mutex
	password string
	entries  map[string][]release
	asked    map[string]int
}

// release is an entry of an index, as helm repo index writes it.
type release struct {
	*chart.Metadata
	Created time.Time `json:"created"`
	Digest  string    `json:"digest"`
	URLs    []string  `json:"urls"`
}

// serve begins, at the address of before if there was one.
func (s *chartServer) serve(ctx context.Context) error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", cmp.Or(s.addr, "127.0.0.1:0"))
	if err != nil {
		return err
	}
	s.addr = l.Addr().String()
	s.server = &http.Server{Handler: s, ReadHeaderTimeout: kubetest.Patience}
	go s.server.Serve(l) //nolint:errcheck // ends with Close
	return nil
}

func (s *chartServer) close() error {
	if s.server == nil {
		return nil
	}
	return s.server.Close()
}

// ServeHTTP answers whoever knows the password.
func (s *chartServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	password := s.password
	if s.asked == nil {
		s.asked = map[string]int{}
	}
	s.asked[r.URL.Path]++
	s.mu.Unlock()
	if user, given, _ := r.BasicAuth(); password != "" && (user != chartUser || given != password) {
		w.Header().Set("WWW-Authenticate", `Basic realm="charts"`)
		http.Error(w, "authentication required", http.StatusUnauthorized)
		return
	}
	http.FileServer(http.Dir(s.dir)).ServeHTTP(w, r)
}

// publish packs a chart and lists it first in the index, which is replaced as a whole.
func (s *chartServer) publish(dir string) error {
	c, err := loader.Load(dir)
	if err != nil {
		return err
	}
	file, err := chartutil.Save(c, s.dir)
	if err != nil {
		return err
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.entries == nil {
		s.entries = map[string][]release{}
	}
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	s.entries[c.Name()] = append([]release{{c.Metadata, info.ModTime(), fmt.Sprintf("%x", sha256.Sum256(content)), []string{filepath.Base(file)}}}, s.entries[c.Name()]...)
	index, err := yaml.Marshal(map[string]any{"apiVersion": "v1", "entries": s.entries, "generated": info.ModTime()})
	if err != nil {
		return err
	}
	next := filepath.Join(s.dir, "index.new")
	if err := os.WriteFile(next, index, 0o600); err != nil {
		return err
	}
	return os.Rename(next, filepath.Join(s.dir, "index.yaml"))
}

func (w *world) chart(ts *testscript.TestScript, args []string) error {
	if len(args) != 1 {
		return errors.New("usage: chart DIR")
	}
	return w.charts.publish(ts.MkAbs(args[0]))
}

func (w *world) repository(_ *testscript.TestScript, args []string) error {
	switch {
	case len(args) == 1 && args[0] == "down":
		return w.charts.close()
	case len(args) == 1 && args[0] == "up":
		return w.charts.serve(w.ctx)
	case len(args) == 2 && args[0] == "password":
		w.charts.mu.Lock()
		defer w.charts.mu.Unlock()
		w.charts.password = args[1]
		return nil
	}
	return errors.New("usage: charts down|up|password VALUE")
}

// downloads prints what was asked of the Helm repository since the last call: one line
// "PATH COUNT" each.
func (w *world) downloads(ts *testscript.TestScript, _ []string) error {
	w.charts.mu.Lock()
	defer w.charts.mu.Unlock()
	if len(w.charts.asked) == 0 {
		fmt.Fprintln(ts.Stdout(), "none")
	}
	for _, path := range slices.Sorted(maps.Keys(w.charts.asked)) {
		fmt.Fprintln(ts.Stdout(), path, w.charts.asked[path])
	}
	clear(w.charts.asked)
	return nil
}

func (w *world) startRegistry(ts *testscript.TestScript, args []string) error {
	var o registrytest.Options
	switch len(args) {
	case 0:
	case 2:
		o.Users = map[string]string{args[0]: args[1]}
	default:
		return errors.New("usage: registry [USER PASSWORD]")
	}
	w.registry = registrytest.Start(w.t, o)
	ts.Setenv("REGISTRY", w.registry.Host)
	return nil
}

func (w *world) pushChart(ts *testscript.TestScript, args []string) error {
	if len(args) != 2 || w.registry == nil {
		return errors.New("usage, after registry: push-chart PATH DIR")
	}
	c, err := loader.Load(ts.MkAbs(args[1]))
	if err != nil {
		return err
	}
	file, err := chartutil.Save(c, w.t.TempDir())
	if err != nil {
		return err
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	tag := strings.ReplaceAll(c.Metadata.Version, "+", "_") // as helm push does: a tag has no "+"
	ts.Setenv("DIGEST", w.registry.Push(w.t, args[0]+"/"+c.Name(), tag, registrytest.Chart(content)))
	return nil
}

func (w *world) pushArtifact(ts *testscript.TestScript, args []string) error {
	if len(args) != 3 || w.registry == nil {
		return errors.New("usage, after registry: push-artifact PATH TAG DIR")
	}
	files, err := read(ts.MkAbs(args[2]))
	if err != nil {
		return err
	}
	ts.Setenv("DIGEST", w.registry.Push(w.t, args[0], args[1], registrytest.Artifact{
		Layers: []registrytest.Layer{{MediaType: registrytest.TarGzip, Content: registrytest.Archive(w.t, files)}},
	}))
	return nil
}

// renders prints how many sources were rendered and known since the last call, as the
// metrics of the process that runs have it.
func (w *world) renders(ts *testscript.TestScript, _ []string) error {
	req, err := http.NewRequestWithContext(w.ctx, http.MethodGet, w.process.URL+"/metrics", nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	now := map[string]int{}
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		result, ok := strings.CutPrefix(lines.Text(), `evenkeel_renders_total{result="`)
		if !ok {
			continue
		}
		result, count, _ := strings.Cut(result, `"} `)
		if now[result], err = strconv.Atoi(count); err != nil {
			return err
		}
	}
	for _, result := range [...]string{"rendered", "known"} {
		fmt.Fprintln(ts.Stdout(), result, now[result]-w.rendersSeen[result])
	}
	w.rendersSeen = now
	return lines.Err()
}
