package gitserver

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// lfsPath is what a server of large files answers, beside each repository.
var lfsPath = regexp.MustCompile(`^/([A-Za-z0-9/_-]+)\.git/info/lfs/objects/(batch|[0-9a-f]{64})$`)

const lfsMediaType = "application/vnd.git-lfs+json"

// Large stores content with the server of large files and is the pointer that a
// commit holds in its place.
func (r *Repo) Large(content string) (pointer string, err error) {
	sum := sha256.Sum256([]byte(content))
	oid := hex.EncodeToString(sum[:])
	dir := filepath.Join(r.Dir, "lfs")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("gitserver: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, oid), []byte(content), 0o600); err != nil {
		return "", fmt.Errorf("gitserver: %w", err)
	}
	return fmt.Sprintf("version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n", oid, len(content)), nil
}

// serveLFS answers Git LFS's batch API for downloads, and the downloads.
func (s *Server) serveLFS(w http.ResponseWriter, r *http.Request, repo, what string) {
	file := func(oid string) string { return filepath.Join(s.opts.Dir, repo+".git", "lfs", oid) }
	if what != "batch" {
		http.ServeFile(w, r, file(what))
		return
	}
	type object map[string]any
	var request struct {
		Operation string
		Objects   []struct {
			OID  string
			Size int64
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil || request.Operation != "download" || r.Header.Get("Accept") != lfsMediaType {
		http.Error(w, `{"message": "not a batch of downloads"}`, http.StatusUnprocessableEntity)
		return
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	var objects []object
	for _, o := range request.Objects {
		answer := object{"oid": o.OID, "size": o.Size}
		if _, err := os.Stat(file(filepath.Base(o.OID))); err != nil {
			answer["error"] = object{"code": 404, "message": "Object does not exist"}
		} else {
			href := scheme + "://" + r.Host + strings.TrimSuffix(r.URL.Path, "batch") + o.OID
			answer["actions"] = object{"download": object{"href": href, "header": object{"X-Lfs": "given"}}}
		}
		objects = append(objects, answer)
	}
	w.Header().Set("Content-Type", lfsMediaType)
	json.NewEncoder(w).Encode(object{"transfer": "basic", "objects": objects})
}
