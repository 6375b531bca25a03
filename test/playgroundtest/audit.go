package playgroundtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"time"
)

// Request is a request that the API server answered, as its audit log has it.
type Request struct {
	Time        time.Time // when it came in
	Verb        string    // get, list, watch, create, update, patch, delete, deletecollection
	User        string
	UserAgent   string
	URI         string // path and query
	Group       string // "" for the core group, and where Resource is ""
	Resource    string // plural; "" for what is no resource, such as /readyz or /apis
	Subresource string
	Namespace   string
	Name        string
	Code        int // the HTTP status
	// Body is what was sent, as JSON, where the audit policy asks for it; the
	// playground's own asks for none.
	Body json.RawMessage
}

// AuditLog returns all requests that the control plane has answered, and the
// watches that it has begun to, in the order of their answers, over all
// restarts. It needs [Options.AuditLog]. A request's entry may be written a
// moment after its client has the answer.
func (c *Cluster) AuditLog() []Request {
	c.t.Helper()
	requests, err := c.AuditLogAfter(new(int64))
	if err != nil {
		c.t.Fatal(err)
	}
	return requests
}

// AuditLogAfter is AuditLog from an offset on, which it moves behind what it
// returned; 0 is the beginning. It may be called from any goroutine.
func (c *Cluster) AuditLogAfter(offset *int64) ([]Request, error) {
	if !c.options.AuditLog {
		return nil, errors.New("playground: no audit log is kept; set Options.AuditLog")
	}
	f, err := os.Open(c.auditPath())
	if err != nil {
		return nil, fmt.Errorf("playground: audit log: %w", err)
	}
	defer f.Close() //nolint:errcheck // it is only read
	content, err := io.ReadAll(io.NewSectionReader(f, *offset, math.MaxInt64-*offset))
	if err != nil {
		return nil, fmt.Errorf("playground: audit log: %w", err)
	}
	content = content[:bytes.LastIndexByte(content, '\n')+1] // the last line may be being written
	requests, err := parseAudit(content)
	if err != nil {
		return nil, fmt.Errorf("playground: %w", err)
	}
	*offset += int64(len(content))
	return requests, nil
}

func (c *Cluster) auditPath() string { return filepath.Join(c.Dir, "audit.log") }

// event is the part of an audit.k8s.io/v1 Event that [Request] is made of.
type event struct {
	RequestReceivedTimestamp time.Time
	Verb, RequestURI         string
	UserAgent                string
	User                     struct{ Username string }
	ObjectRef                struct{ APIGroup, Resource, Subresource, Namespace, Name string }
	ResponseStatus           struct{ Code int }
	RequestObject            json.RawMessage
}

// parseAudit reads whole lines; a last one without its end is being written.
func parseAudit(content []byte) ([]Request, error) {
	var requests []Request
	number := 0
	for line := range bytes.Lines(content) {
		number++
		if !bytes.HasSuffix(line, []byte("\n")) {
			break
		}
		var e event
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, fmt.Errorf("audit log, line %d: %w", number, err)
		}
		requests = append(requests, Request{
			Time: e.RequestReceivedTimestamp, Verb: e.Verb, URI: e.RequestURI,
			User: e.User.Username, UserAgent: e.UserAgent,
			Group: e.ObjectRef.APIGroup, Resource: e.ObjectRef.Resource, Subresource: e.ObjectRef.Subresource,
			Namespace: e.ObjectRef.Namespace, Name: e.ObjectRef.Name, Code: e.ResponseStatus.Code,
			Body: e.RequestObject,
		})
	}
	return requests, nil
}
