package conformance

import (
	"context"
	"flag"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"evenkeel.dev/test/evenkeeltest"
	"evenkeel.dev/test/gitserver"
	"evenkeel.dev/test/kubetest"
	"evenkeel.dev/test/playgroundtest"
)

var update = flag.Bool("update", false, "write what was got into the cases")

// atOnce is how many cases run at once. They mostly wait.
const atOnce = 6

// program is the evenkeel that the cases are about.
var program evenkeeltest.Build //nolint:gochecknoglobals // one per test binary

func TestMain(m *testing.M) {
	flag.Parse()
	chosen := false
	flag.Visit(func(f *flag.Flag) { chosen = chosen || f.Name == "test.parallel" })
	if !chosen {
		_ = flag.Set("test.parallel", strconv.Itoa(atOnce)) // a number it is
	}
	os.Exit(program.Main(m))
}

func TestConformance(t *testing.T) {
	cases, wrong := load(t), readWrong(t)
	if testing.Short() {
		t.Skip("the cases need a control plane")
	}
	s := newStage(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newPlay(s, c)
			got := p.run(t.Context())
			want := c.wanted()
			diff := cmp.Diff(want, got)
			switch reason, listed := wrong[c.name]; {
			case *update && !listed:
				c.write(t, got)
			case diff != "" && listed:
				t.Skipf("known to be wrong: %s\n(-want +got)\n%s", reason, diff)
			case listed:
				t.Error("it is right now: take it off testdata/wrong.txt")
			case diff != "":
				t.Errorf("%s(-want +got)\n%s\n%s", c.rule, diff, s.logOf(p.ns))
			}
		})
	}
}

// stage is what all cases share.
type stage struct {
	dir     string
	cluster *playgroundtest.Cluster
	client  *kubetest.Client
	git     *gitserver.Server
	gitURL  string

	mu     sync.Mutex
	offset int64
	log    []playgroundtest.Request
}

// auditPolicy logs writes only, and of deletions how: that stands in their bodies.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived, ResponseStarted]
rules:
- level: None
  resources:
  - {group: "", resources: [events]}
  - {group: events.k8s.io}
  - {group: coordination.k8s.io}
- level: Request
  verbs: [delete]
- level: Metadata
  verbs: [create, update, patch, deletecollection]
`

func newStage(t *testing.T) *stage {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s := &stage{dir: t.TempDir()}
	policy := filepath.Join(s.dir, "audit-policy.yaml")
	if err := os.WriteFile(policy, []byte(auditPolicy), 0o600); err != nil {
		t.Fatal(err)
	}
	s.cluster = playgroundtest.Start(t, playgroundtest.Options{
		AuditLog: true, Args: []string{"--apiserver-arg", "--audit-policy-file=" + policy},
	})
	if _, err := program.Binary(); err != nil {
		t.Fatal(err)
	}
	s.serveGit(ctx, t)
	var err error
	if s.client, err = kubetest.New(s.cluster.Kubeconfig); err != nil {
		t.Fatal(err)
	}
	if err := s.client.Install(ctx); err != nil {
		t.Fatal(err)
	}
	running, err := program.Start(ctx, evenkeeltest.Options{Cluster: s.cluster, Dir: s.dir})
	if err != nil {
		t.Fatalf("%v\n%s", err, s.logOf(""))
	}
	t.Cleanup(func() {
		if err := running.Stop(); err != nil {
			t.Errorf("%v\n%s", err, s.logOf(""))
		}
		cancel()
	})
	return s
}

func (s *stage) serveGit(ctx context.Context, t *testing.T) {
	t.Helper()
	var err error
	if s.git, err = gitserver.New(ctx, gitserver.Options{Dir: filepath.Join(s.dir, "git")}); err != nil {
		t.Fatal(err)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: s.git, ReadHeaderTimeout: kubetest.Patience}
	s.gitURL = "http://" + l.Addr().String()
	go server.Serve(l) //nolint:errcheck // ends with Close
	t.Cleanup(func() { _ = server.Close() })
}

// logOf is the end of what evenkeel logged about something.
func (s *stage) logOf(what string) string {
	const n = 4000
	b, err := os.ReadFile(filepath.Join(s.dir, "evenkeel.log"))
	if err != nil {
		return err.Error()
	}
	var out strings.Builder
	for l := range strings.Lines(string(b)) {
		if strings.Contains(l, what) {
			out.WriteString(l)
		}
	}
	text := out.String()
	return "evenkeel's log:\n" + text[max(0, len(text)-n):]
}

// requests are the requests logged until now that are about a name.
func (s *stage) requests(name string) ([]playgroundtest.Request, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	more, err := s.cluster.AuditLogAfter(&s.offset)
	s.log = append(s.log, more...)
	var out []playgroundtest.Request
	for _, r := range s.log {
		if strings.Contains(r.URI, name) || strings.Contains(r.Name, name) {
			out = append(out, r)
		}
	}
	return out, err
}

// readWrong reads the list of cases that do not pass yet: NAME: REASON.
func readWrong(t *testing.T) map[string]string {
	t.Helper()
	b, err := os.ReadFile("testdata/wrong.txt")
	if err != nil {
		t.Fatal(err)
	}
	wrong := map[string]string{}
	for line := range strings.Lines(string(b)) {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, reason, ok := strings.Cut(line, ": ")
		if _, err := os.Stat(filepath.Join("testdata", name+".txtar")); err != nil || !ok {
			t.Errorf("wrong.txt: want NAME: REASON with the name of a case: %s", line)
		}
		wrong[name] = reason
	}
	return wrong
}
