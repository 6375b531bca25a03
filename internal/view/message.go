package view

import (
	"encoding/json"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"evenkeel.dev/internal/fault"
)

// The topics, beside two per Application (TreeTopic, DeedsTopic).
const (
	// TopicApps carries App rows under the key NAMESPACE/NAME.
	TopicApps = "apps"
	// TopicVersions carries a Version per Application, for those who serve the
	// Application itself. It is for use inside the process.
	TopicVersions = "versions"

	treePrefix  = "tree:"
	deedsPrefix = "deeds:"
)

// The events of a Message.
const (
	// EventSnapshot replaces everything known of a topic.
	EventSnapshot = "snapshot"
	// EventDelta changes what a snapshot said: upserts are complete values.
	EventDelta = "delta"
)

// Version says which version of an Application there is.
type Version struct {
	Namespace       string `json:"namespace"`
	Name            string `json:"name"`
	ResourceVersion string `json:"resourceVersion"`
}

// Message is one event of a subscription. The values are encoded rows, shared by
// all subscribers: they must not be changed.
type Message struct {
	// ID continues a broken subscription when given to Subscribe; it never
	// decreases within one. 0 continues nothing.
	ID     uint64
	Event  string
	Topic  string
	Items  []json.RawMessage // of a snapshot
	Upsert []json.RawMessage // of a delta
	Delete []string          // of a delta: keys, or ids of nodes
}

// AppendData appends the message's JSON, one line, to dst.
func (m Message) AppendData(dst []byte) []byte {
	dst = append(dst, `{"topic":`...)
	dst = appendString(dst, m.Topic)
	if m.Event == EventSnapshot {
		dst = append(dst, `,"items":`...)
		dst = appendRaw(dst, m.Items)
		return append(dst, '}')
	}
	dst = append(dst, `,"upsert":`...)
	dst = appendRaw(dst, m.Upsert)
	dst = append(dst, `,"delete":[`...)
	for i, key := range m.Delete {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, key)
	}
	return append(dst, "]}"...)
}

func appendRaw(dst []byte, values []json.RawMessage) []byte {
	dst = append(dst, '[')
	for i, raw := range values {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, raw...)
	}
	return append(dst, ']')
}

func appendString(dst []byte, s string) []byte { return append(dst, encode(s)...) }

// encode is v as JSON. Rows, nodes, versions and strings can always be encoded.
func encode(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("view: %T cannot be encoded: %v", v, err))
	}
	return raw
}

// TreeTopic is the topic of an Application's tree; its values are Nodes under
// their ids.
func TreeTopic(namespace, name string) string { return treePrefix + namespace + "/" + name }

// DeedsTopic is the topic of what was done to an Application; its values are Deeds
// under their ids.
func DeedsTopic(namespace, name string) string { return deedsPrefix + namespace + "/" + name }

// CheckTopic says whether a stranger may ask for topic: TopicApps or one of those of an
// Application, which need not exist.
func CheckTopic(topic string) error {
	if topic == TopicApps {
		return nil
	}
	prefix, namespace, name := splitTopic(topic)
	if prefix != treePrefix && prefix != deedsPrefix {
		return fault.New(fault.Invalid, "unknown topic %q: there are apps, tree:NAMESPACE/NAME and deeds:NAMESPACE/NAME", topic)
	}
	if len(validation.IsDNS1123Label(namespace)) > 0 || len(validation.IsDNS1123Subdomain(name)) > 0 {
		return fault.New(fault.Invalid, "topic %q does not name an application: want %sNAMESPACE/NAME", topic, prefix)
	}
	return nil
}

// splitTopic takes the topic of an Application apart; prefix keeps its colon.
func splitTopic(topic string) (prefix, namespace, name string) {
	kind, rest, _ := strings.Cut(topic, ":")
	namespace, name, _ = strings.Cut(rest, "/")
	return kind + ":", namespace, name
}
