package playgroundtest

import (
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

const auditLine = `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"x","stage":"ResponseComplete",` +
	`"requestURI":"/apis/apps/v1/namespaces/shop/deployments/web/scale?a=b","verb":"patch",` +
	`"user":{"username":"admin","groups":["system:masters"]},"sourceIPs":["127.0.0.1"],"userAgent":"evenkeel/1",` +
	`"objectRef":{"resource":"deployments","namespace":"shop","name":"web","apiGroup":"apps","apiVersion":"v1","subresource":"scale"},` +
	`"responseStatus":{"metadata":{},"code":200},"requestReceivedTimestamp":"2026-11-23T12:00:00.5Z","stageTimestamp":"2026-11-23T12:00:01Z"}` + "\n"

func TestParseAudit(t *testing.T) {
	full := Request{
		Time: time.Date(2026, 11, 23, 12, 0, 0, 5e8, time.UTC), Verb: "patch", User: "admin", UserAgent: "evenkeel/1",
		URI: "/apis/apps/v1/namespaces/shop/deployments/web/scale?a=b", Group: "apps", Resource: "deployments", Subresource: "scale",
		Namespace: "shop", Name: "web", Code: 200,
	}
	for _, tt := range []struct {
		content string
		want    []Request
		reason  string
	}{
		{"", nil, "nothing yet"},
		{auditLine, []Request{full}, ""},
		{auditLine + auditLine[:40], []Request{full}, "a line that is being written"},
		{`{"verb":"get","requestURI":"/readyz"}` + "\n", []Request{{Verb: "get", URI: "/readyz"}}, "no resource"},
		{`{"verb":"delete","requestObject":{"a":1}}` + "\n", []Request{{Verb: "delete", Body: []byte(`{"a":1}`)}}, "a body"},
	} {
		got, err := parseAudit([]byte(tt.content))
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s:\ngot  %+v, %v\nwant %+v", tt.reason, got, err, tt.want)
		}
	}
}

func TestAuditLogAfter(t *testing.T) {
	c := &Cluster{Dir: t.TempDir(), t: t, options: Options{AuditLog: true}}
	var offset int64
	for _, tt := range []struct {
		content string
		want    int
		reason  string
	}{
		{auditLine, 1, "the first line"},
		{auditLine, 0, "nothing new"},
		{auditLine + auditLine + auditLine[:40], 1, "a line, and one that is being written"},
		{auditLine + auditLine + auditLine, 1, "that one, written"},
	} {
		if err := os.WriteFile(c.auditPath(), []byte(tt.content), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := c.AuditLogAfter(&offset)
		if err != nil || len(got) != tt.want {
			t.Errorf("%s: %d requests, %v, want %d", tt.reason, len(got), err, tt.want)
		}
	}
}

func TestParseAuditNamesTheBadLine(t *testing.T) {
	_, err := parseAudit([]byte(auditLine + "no JSON\n" + auditLine))
	if err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("error %v, want one of line 2", err)
	}
}

func FuzzParseAudit(f *testing.F) {
	f.Add([]byte(auditLine))
	f.Add([]byte("{}\n{"))
	f.Fuzz(func(t *testing.T, content []byte) {
		requests, err := parseAudit(content)
		if lines := strings.Count(string(content), "\n"); err == nil && len(requests) != lines {
			t.Errorf("%d requests of %d whole lines", len(requests), lines)
		}
	})
}
