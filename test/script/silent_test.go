package script

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"evenkeel.dev/test/kubetest"
)

// silent looks for texts that nobody must be shown in all that evenkeel says: its log,
// its files, what it writes into the cluster, and what it answers.
func (w *world) silent(_ *testscript.TestScript, texts []string) error {
	if len(texts) == 0 {
		return errors.New("usage: silent TEXT...")
	}
	said := map[string][]byte{}
	if err := w.written(said); err != nil {
		return err
	}
	apps, err := w.recorded(said)
	if err != nil {
		return err
	}
	if err := w.answered(said, apps); err != nil {
		return err
	}
	var leaks []error
	for where, what := range said {
		for _, text := range texts {
			if bytes.Contains(what, []byte(text)) {
				leaks = append(leaks, fmt.Errorf("%s has %s", where, text))
			}
		}
	}
	return errors.Join(leaks...)
}

// written is the log and all files below --data.
func (w *world) written(said map[string][]byte) error {
	log, err := os.ReadFile(filepath.Join(w.dir, "evenkeel.log"))
	if err != nil {
		return err
	}
	said["the log"] = log
	files := 0
	err = filepath.WalkDir(filepath.Join(w.dir, ".data"), func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && !d.Type().IsRegular() {
			return nil // git removes files of its own meanwhile
		}
		if err != nil {
			return err
		}
		b, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		said[path] = b
		files++
		return err
	})
	if err == nil && files == 0 {
		err = errors.New("there is nothing below --data")
	}
	return err
}

// recorded is what is in the cluster, and the names of the Applications.
func (w *world) recorded(said map[string][]byte) (apps []string, err error) {
	for _, kind := range []string{kubetest.AppKind, "AppProject.argoproj.io", "Event", "ConfigMap"} {
		list, err := w.client.List(w.ctx, kind)
		if err != nil {
			return nil, err
		}
		for _, o := range list {
			b, err := json.Marshal(o.Object)
			if err != nil {
				return nil, err
			}
			said[kind+" "+o.GetNamespace()+"/"+o.GetName()] = b
			if kind == kubetest.AppKind {
				apps = append(apps, o.GetName())
			}
		}
	}
	return apps, nil
}

func (w *world) answered(said map[string][]byte, apps []string) error {
	paths := []string{"/metrics", "/api/v1/applications", "/api/v1/projects", "/api/v1/settings"}
	for _, app := range apps {
		at := "/api/v1/applications/" + app
		paths = append(paths, at, at+"/plan", at+"/resource-tree", at+"/managed-resources", at+"/manifests",
			at+"/events", "/api/ui/v1/applications/"+kubetest.App(app)+"/diff", "/api/ui/v1/applications/"+kubetest.App(app)+"/cause")
		b, err := w.streamed(app)
		if err != nil {
			return err
		}
		said["the web app's stream of "+app] = b
	}
	for _, path := range paths {
		req, err := http.NewRequestWithContext(w.ctx, http.MethodGet, w.process.URL+path, nil)
		if err != nil {
			return err
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		b, err := io.ReadAll(res.Body)
		if err := errors.Join(err, res.Body.Close()); err != nil {
			return err
		}
		said["GET "+path] = b
	}
	return nil
}

// streamed is how the web app's stream of an Application begins: with the list and the tree
// as they are.
func (w *world) streamed(app string) ([]byte, error) {
	topics := []string{"apps", "tree:" + kubetest.App(app)}
	req, err := http.NewRequestWithContext(w.ctx, http.MethodGet, w.process.URL+"/api/ui/v1/stream?topics="+strings.Join(topics, ","), nil)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	lines := bufio.NewReader(res.Body)
	var all []byte
	for whole := 0; whole < len(topics); {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return nil, fmt.Errorf("the web app's stream ends after %s: %w", all, err)
		}
		all = append(all, line...)
		if bytes.HasPrefix(line, []byte(`data: {"topic":`)) {
			whole++
		}
	}
	return all, nil
}
