package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

const (
	// startLimit is much more than anything takes here, for machines that are busy.
	startLimit = 3 * time.Minute
	// ports are how many ports are tried.
	ports = 100
)

// upOptions say what is started and what is shown.
type upOptions struct {
	bin, crds, state string
	port, nodes      int
	content          content
	// ready is called once, when all Applications are well.
	ready func(demo)
}

// up runs the demo until ctx ends, which is no error. When it returns, nothing is
// left of it, neither a process nor a file.
func up(asked context.Context, o upOptions, con *console) (err error) {
	playground, err := programPath(o.bin, "evenkeel-playground")
	if err != nil {
		return err
	}
	evenkeel, err := programPath(o.bin, "evenkeel")
	if err != nil {
		return err
	}
	state, err := claim(o.state)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, state.release()) }()
	dir, err := os.MkdirTemp("", dirPrefix)
	if err != nil {
		return err
	}
	ctx, fail := context.WithCancelCause(asked)
	defer fail(nil)
	s := &stage{
		options: o, console: con, playground: playground, evenkeel: evenkeel, fail: fail,
		demo: demo{Dir: dir, PID: os.Getpid(), Log: filepath.Join(dir, "evenkeel.log")},
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	if err := state.write(s.demo); err != nil {
		return err
	}
	if err := s.start(ctx); err != nil {
		return unlessStopped(asked, err)
	}
	if err := state.write(s.demo); err != nil {
		return err
	}
	o.ready(s.demo)
	<-ctx.Done()
	return unlessStopped(asked, context.Cause(ctx))
}

// unlessStopped is err, but nil if somebody asked for the end.
func unlessStopped(asked context.Context, err error) error {
	if asked.Err() != nil {
		return nil //nolint:nilerr // what fails then fails because of that
	}
	return err
}

// stage is the demo while it runs.
type stage struct {
	options              upOptions
	console              *console
	playground, evenkeel string
	demo                 demo
	cluster              *cluster
	// fail ends the demo when one of its programs has ended.
	fail context.CancelCauseFunc
	// stops end what was started, last first.
	stops    []func()
	watching sync.WaitGroup
}

// stop ends what was started and removes what was written.
func (s *stage) stop() error {
	return s.console.during("stopping", func() (string, error) {
		for _, stop := range slices.Backward(s.stops) {
			stop()
		}
		s.watching.Wait()
		return "stopped; nothing is left", os.RemoveAll(s.demo.Dir)
	})
}

// start starts everything and waits until all Applications are well.
func (s *stage) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startLimit, fmt.Errorf("not ready in %s", startLimit))
	defer cancel()
	for _, step := range []struct {
		what string
		work func(context.Context) (string, error)
	}{
		{"Git server", s.startGit},
		{"Kubernetes control plane", s.startPlayground},
		{"CRDs and namespace " + controlNamespace, s.prepare},
		{"Evenkeel", s.startEvenkeel},
	} {
		err := s.console.during(step.what, func() (string, error) { return step.work(ctx) })
		if err != nil {
			return fmt.Errorf("%s: %w", step.what, because(ctx, err))
		}
	}
	return because(ctx, s.showApplications(ctx))
}

// because is err, and why ctx has ended if it has: requests say only that it has.
func because(ctx context.Context, err error) error {
	cause := context.Cause(ctx)
	if err == nil || cause == nil || errors.Is(err, cause) {
		return err
	}
	return fmt.Errorf("%w: %w", err, cause)
}

func (s *stage) startGit(ctx context.Context) (string, error) {
	server, err := serveGit(ctx, filepath.Join(s.demo.Dir, "git"))
	if err != nil {
		return "", err
	}
	s.stops = append(s.stops, server.close)
	s.demo.Git = server.url
	seed, err := clone(ctx, server.url)
	if err != nil {
		return "", err
	}
	if err := seed.copy(s.options.content.repo); err != nil {
		return "", errors.Join(err, seed.discard())
	}
	_, err = seed.push(ctx, "Add the demo's applications")
	return "Git server over HTTP, with the manifests pushed", errors.Join(err, seed.discard())
}

func (s *stage) startPlayground(ctx context.Context) (string, error) {
	dir := filepath.Join(s.demo.Dir, "k8s")
	kubeconfig := make(chan string, 1)
	c, err := s.run(childOptions{
		name: "evenkeel-playground", path: s.playground, log: filepath.Join(s.demo.Dir, "playground.log"),
		args: []string{"up", "--dir", dir, "--nodes", strconv.Itoa(s.options.nodes)},
		// Ready, it prints its kubeconfig's path.
		line: func(line string) {
			if strings.HasPrefix(line, dir) {
				offer(kubeconfig, line)
			}
		},
	})
	if err != nil {
		return "", err
	}
	if s.demo.Kubeconfig, err = await(ctx, c, kubeconfig); err != nil {
		return "", err
	}
	s.cluster, err = connect(s.demo.Kubeconfig)
	return "Kubernetes control plane with " + count(s.options.nodes, "node"), err
}

// prepare applies what a cluster must have before Evenkeel is installed.
func (s *stage) prepare(ctx context.Context) (string, error) {
	crds, err := readObjects(os.DirFS(s.options.crds))
	if err != nil {
		return "", err
	}
	if len(crds) == 0 {
		return "", fmt.Errorf("there are none in %s; say with --crds where they are", s.options.crds)
	}
	namespace := &unstructured.Unstructured{}
	namespace.SetAPIVersion("v1")
	namespace.SetKind("Namespace")
	namespace.SetName(controlNamespace)
	if err := s.cluster.apply(ctx, append(crds, namespace)...); err != nil {
		return "", err
	}
	client, err := s.cluster.kind(schema.GroupKind{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}, "")
	if err != nil {
		return "", err
	}
	err = followAll(ctx, client, metav1.ListOptions{}, func(objs map[string]*unstructured.Unstructured) bool {
		for _, crd := range crds {
			if !established(objs[crd.GetName()]) {
				return false
			}
		}
		return true
	})
	return fmt.Sprintf("%s and namespace %s", count(len(crds), "CRD"), controlNamespace), err
}

func established(crd *unstructured.Unstructured) bool {
	if crd == nil {
		return false
	}
	conditions, _, _ := unstructured.NestedSlice(crd.Object, "status", "conditions")
	for _, c := range conditions {
		condition, _ := c.(map[string]any)
		if condition["type"] == "Established" && condition["status"] == "True" {
			return true
		}
	}
	return false
}

func (s *stage) startEvenkeel(ctx context.Context) (string, error) {
	listen, err := freeAddress(ctx, s.options.port)
	if err != nil {
		return "", err
	}
	url := make(chan string, 1)
	c, err := s.run(childOptions{
		name: "evenkeel", path: s.evenkeel, log: s.demo.Log,
		args: []string{
			"run", "--kubeconfig", s.demo.Kubeconfig, "--namespace", controlNamespace,
			"--listen", listen, "--data", filepath.Join(s.demo.Dir, "data"), "--logformat", "json",
		},
		line: func(line string) {
			if at, ok := servingAt(line); ok {
				offer(url, at)
			}
		},
	})
	if err != nil {
		return "", err
	}
	s.demo.URL, err = await(ctx, c, url)
	return "Evenkeel on " + listen, err
}

// servingAt reads the line of Evenkeel's log that says where it serves.
func servingAt(line string) (url string, ok bool) {
	var entry struct{ Msg, URL string }
	if json.Unmarshal([]byte(line), &entry) != nil {
		return "", false
	}
	return entry.URL, entry.Msg == "serving"
}

func (s *stage) showApplications(ctx context.Context) error {
	apps, err := readApplications(s.options.content.applications, s.demo.Git)
	if err != nil {
		return err
	}
	if err := s.cluster.apply(ctx, apps...); err != nil {
		return err
	}
	names := make([]string, len(apps))
	for i, app := range apps {
		names[i] = app.GetName()
	}
	return s.cluster.showApplications(ctx, s.console, names)
}

// run starts a program that must not end before the demo does.
func (s *stage) run(o childOptions) (*child, error) {
	c, err := startChild(o)
	if err != nil {
		return nil, err
	}
	s.stops = append(s.stops, c.stop)
	s.watching.Go(func() {
		<-c.done
		s.fail(c.ended())
	})
	return c, nil
}

// offer sends what there is room for.
func offer[T any](to chan<- T, v T) {
	select {
	case to <- v:
	default:
	}
}

// freeAddress is the first address from the port on that nobody listens at.
func freeAddress(ctx context.Context, port int) (string, error) {
	var last error
	for p := port; p < port+ports; p++ {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(p)))
		if err != nil {
			last = err
			continue
		}
		address := l.Addr().String()
		return address, l.Close()
	}
	return "", fmt.Errorf("no free port from %d to %d: %w; name another --port", port, port+ports-1, last)
}

// announce says where everything is and what can be tried.
func announce(con *console, program string, d demo) {
	con.say(`
Open %s

Four things to try, each in another terminal:

  %[2]s push      push a change to Git, and see it live
  %[2]s edit      edit a live object, and see it healed
  %[2]s delete    delete a file in Git, and see its objects pruned
  %[2]s break     break a manifest, and see that nothing is lost (fix mends it)

By hand:

  git clone %s
  kubectl --kubeconfig %s get applications --namespace %s

Ctrl-C stops everything and leaves nothing behind.`, d.URL, program, d.Git, d.Kubeconfig, controlNamespace)
}
