package main

import (
	"cmp"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"evenkeel.dev/internal/view"
)

// plans remembers plans in files of a directory, by their hashes. They hold no value of
// a Secret; they are the user's own all the same.
type plans struct{ dir string }

func keptPlans() plans { return plans{dir: filepath.Join(cacheDir(), "plans")} }

// mostPlans is how many are remembered.
const mostPlans = 50

func (p plans) file(hash string) string { return filepath.Join(p.dir, filepath.Base(hash)+".json") }

// Keep remembers a plan and forgets the oldest of too many.
func (p plans) Keep(plan view.Plan) error {
	body, err := json.Marshal(plan)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(p.file(plan.Hash), body, 0o600); err != nil {
		return err
	}
	return p.forget()
}

func (p plans) forget() error {
	entries, err := os.ReadDir(p.dir)
	if err != nil {
		return err
	}
	infos := make([]fs.FileInfo, 0, len(entries))
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			infos = append(infos, info)
		}
	}
	slices.SortFunc(infos, func(a, b fs.FileInfo) int {
		return cmp.Or(b.ModTime().Compare(a.ModTime()), cmp.Compare(a.Name(), b.Name()))
	})
	for _, old := range infos[min(mostPlans, len(infos)):] {
		if err := os.Remove(filepath.Join(p.dir, old.Name())); err != nil {
			return err
		}
	}
	return nil
}

// Find is the plan of a hash, if it is remembered.
func (p plans) Find(hash string) (view.Plan, bool) {
	body, err := os.ReadFile(p.file(hash))
	if err != nil {
		return view.Plan{}, false
	}
	var plan view.Plan
	if err := json.Unmarshal(body, &plan); err != nil || plan.Hash != hash {
		return view.Plan{}, false
	}
	return plan, true
}
