package cause

import (
	"cmp"
	"strings"
	"time"
	"unicode"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/health/field"
)

// The codes of troubles. What people read is translated by them.
const (
	// ImagePull: an image cannot be had. Reason, Container and Image say more.
	ImagePull = "imagePull"
	// Crash: a container that is to run has ended, and is started again and again.
	Crash = "crash"
	// Config: a container cannot be set up.
	Config = "config"
	// Unschedulable: no node takes a Pod.
	Unschedulable = "unschedulable"
	// NotReady: a container runs and does not say that it is ready.
	NotReady = "notReady"
	// Failed: a Pod or Job has ended badly.
	Failed = "failed"
	// NoPods: Pods cannot be created.
	NoPods = "noPods"
	// Volume: a claim has no volume.
	Volume = "volume"
	// Address: a load balancer has no address.
	Address = "address"
	// Deadline: a rollout made no progress in its time.
	Deadline = "deadline"
	// Aborted: a Rollout went back to what ran before, while Git says what it was to go to.
	Aborted = "aborted"
	// Condition: what the object's own conditions say.
	Condition = "condition"
	// Starting: a Pod is on its way.
	Starting = "starting"
	// Deleting: the object is being deleted.
	Deleting = "deleting"
	// Message: nothing is known but what its health rule says.
	Message = "message"
)

// Trouble is what keeps one object from being healthy.
type Trouble struct {
	// Code is one of those above.
	Code string
	// Reason is Kubernetes' word for it, such as ImagePullBackOff.
	Reason string
	// Container is the one that is in trouble, Image its image. Of a Rollout that was
	// aborted Image is the one that Git says.
	Container string
	Image     string
	// Detail is a sentence, on one line, or what Code says: the storage class of a Volume,
	// the hash of what an Aborted Rollout runs, the finalizers of what is Deleting.
	Detail string
	// Exit is the exit code of a container that has ended.
	Exit int32
	// Restarts are those of the container; see Same.
	Restarts int32
	// Since is when it began, in seconds since 1970; 0 when nothing tells.
	Since int64
}

// Same says whether two troubles are one: whether they differ in nothing, or only in what
// is counted up meanwhile.
func Same(a, b *Trouble) bool {
	if a == nil || b == nil {
		return a == b
	}
	x, y := *a, *b
	x.Restarts, y.Restarts = 0, 0
	return x == y
}

// Since keeps the time at which a trouble began when it goes on: a Pod that crashes again and again
// becomes ready, and not, every time. before is what was known of the same object.
func Since(t, before *Trouble) *Trouble {
	if t == nil || before == nil || before.Since == 0 || before.Since >= t.Since {
		return t
	}
	began := *t
	began.Since = before.Since
	if !Same(&began, before) {
		return t
	}
	return &began
}

// maxDetail bounds a sentence, in bytes.
const maxDetail = 200

// Of condenses what keeps obj from being healthy, by its body. status and message are its
// health as judged; nil means that there is nothing to say beyond them.
func Of(obj *unstructured.Unstructured, status v1alpha1.HealthStatusCode, message string) *Trouble {
	gvk := obj.GroupVersionKind()
	kind := gvk.Kind + "." + gvk.Group
	if kind == "Rollout.argoproj.io" {
		if t := aborted(obj); t != nil {
			return t
		}
	}
	if status == "" || status == v1alpha1.HealthStatusHealthy || status == v1alpha1.HealthStatusSuspended {
		return nil
	}
	if field.Of(obj).Object("metadata").Has("deletionTimestamp") {
		return deleting(obj)
	}
	switch kind {
	case "Pod.":
		return pod(obj, status)
	case "Job.batch":
		return job(obj)
	case "ReplicaSet.apps", "ReplicationController.":
		return replicas(obj)
	case "Deployment.apps":
		return deployment(obj)
	case "StatefulSet.apps", "DaemonSet.apps", "Workflow.argoproj.io":
		return nil // their Pods say more, or their message does
	case "PersistentVolumeClaim.":
		return volume(obj)
	case "Service.", "Ingress.networking.k8s.io", "Ingress.extensions":
		return &Trouble{Code: Address, Since: created(obj)}
	case "Application.argoproj.io":
		health := field.Status(obj).Object("health")
		return &Trouble{Code: Condition, Detail: sentence(cmp.Or(health.Text("message"), message)), Since: moment(health, "lastTransitionTime")}
	}
	return condition(obj, message)
}

func deleting(obj *unstructured.Unstructured) *Trouble {
	meta := field.Of(obj).Object("metadata")
	var held []string
	for _, f := range meta.List("finalizers") {
		if s, ok := f.(string); ok {
			held = append(held, s)
		}
	}
	return &Trouble{Code: Deleting, Detail: sentence(strings.Join(held, ", ")), Since: moment(meta, "deletionTimestamp")}
}

func job(obj *unstructured.Unstructured) *Trouble {
	failed := field.Status(obj).Condition("Failed")
	if failed == nil {
		return nil
	}
	return &Trouble{
		Code: Failed, Reason: failed.Text("reason"), Detail: sentence(failed.Text("message")), Since: moment(failed, "lastTransitionTime"),
	}
}

func replicas(obj *unstructured.Unstructured) *Trouble {
	c := field.Status(obj).Condition("ReplicaFailure")
	if c.Text("status") != "True" {
		return nil
	}
	return &Trouble{Code: NoPods, Reason: c.Text("reason"), Detail: sentence(c.Text("message")), Since: moment(c, "lastTransitionTime")}
}

func deployment(obj *unstructured.Unstructured) *Trouble {
	if t := replicas(obj); t != nil {
		return t
	}
	c := field.Status(obj).Condition("Progressing")
	if c.Text("reason") != "ProgressDeadlineExceeded" {
		return nil
	}
	return &Trouble{Code: Deadline, Reason: c.Text("reason"), Since: moment(c, "lastTransitionTime")}
}

func volume(obj *unstructured.Unstructured) *Trouble {
	return &Trouble{
		Code: Volume, Reason: field.Status(obj).Text("phase"), Detail: field.Spec(obj).Text("storageClassName"), Since: created(obj),
	}
}

// aborted is a Rollout's going back: its status says so until it is retried or what it is
// to run changes (Argo Rollouts, "abort"; Git is not touched by it).
func aborted(obj *unstructured.Unstructured) *Trouble {
	st := field.Status(obj)
	if !st.Flag("abort") {
		return nil
	}
	stable := cmp.Or(st.Text("stableRS"), st.Object("canary").Text("stableRS"))
	return &Trouble{
		Code: Aborted, Reason: "RolloutAborted", Image: onlyImage(field.Spec(obj).Object("template").Object("spec")),
		Detail: stable, Since: moment(st, "abortedAt"),
	}
}

// onlyImage is the image of a Pod with one container.
func onlyImage(spec field.Object) string {
	image := ""
	for c := range spec.Each("containers") {
		if image != "" {
			return ""
		}
		image = c.Text("image")
	}
	return image
}

// good and bad are types of conditions of which one that is False, or True, tells of trouble, in
// the order in which they are asked for.
var (
	good = [...]string{"Ready", "Available", "Healthy", "Synced", "Accepted", "Programmed", "Established", "AbleToScale", "ScalingActive"}
	bad  = [...]string{"Stalled", "Failed", "Degraded", "Error"}
)

// condition is what an object of any other kind says: the message of its rule, which knows
// the kind, with the reason and the time of the condition that is behind it.
func condition(obj *unstructured.Unstructured, message string) *Trouble {
	st := field.Status(obj)
	t := &Trouble{Code: Condition, Detail: sentence(message)}
	c := troubled(st, message)
	if c == nil {
		if t.Detail == "" {
			return nil
		}
		t.Code = Message
		return t
	}
	t.Reason, t.Since = c.Text("reason"), moment(c, "lastTransitionTime")
	t.Detail = sentence(cmp.Or(message, c.Text("message")))
	return t
}

func troubled(st field.Object, message string) field.Object {
	if message != "" {
		for c := range st.Each("conditions") {
			if text := c.Text("message"); text != "" && strings.Contains(message, text) {
				return c
			}
		}
	}
	for _, kind := range bad {
		if c := st.Condition(kind); c.Text("status") == "True" {
			return c
		}
	}
	for _, kind := range good {
		if c := st.Condition(kind); c != nil && c.Text("status") != "True" {
			return c
		}
	}
	return nil
}

func created(obj *unstructured.Unstructured) int64 {
	return moment(field.Of(obj).Object("metadata"), "creationTimestamp")
}

// moment is a time in seconds since 1970; 0 for what is none.
func moment(o field.Object, name string) int64 {
	t, err := time.Parse(time.RFC3339, o.Text(name))
	if err != nil {
		return 0
	}
	return t.Unix()
}

// sentence is what somebody wrote, on one line, without what steers a terminal, and
// bounded.
func sentence(text string) string {
	text = text[:min(len(text), 4*maxDetail)]
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	text = strings.Join(strings.Fields(text), " ")
	if len(text) <= maxDetail {
		return text
	}
	return strings.ToValidUTF8(text[:maxDetail-len("…")], "") + "…"
}
