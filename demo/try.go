package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"evenkeel.dev/api/v1alpha1"
)

const (
	// tryLimit is how long anything may take that should take about a second.
	tryLimit = 2 * time.Minute
	// healLimit is longer than the longest time that Evenkeel waits between two
	// self-heals of the same revision, which is 5 minutes.
	healLimit = 6 * time.Minute
	// noticed is from when on it is said why a heal took its time.
	noticed = time.Second

	// The application that is tried on, and its files and objects in the repository.
	tried          = "plain"
	folder         = "apps/plain/"
	configFile     = folder + "configmap.yaml"
	deploymentFile = folder + "deployment.yaml"
	bannerFile     = folder + "banner.yaml"

	// damage makes a manifest that nobody can read: the list never ends.
	damage = "      volumes: [oops, a list without an end\n"
	// drift is a number of replicas that Git never asks for.
	drift = 9
)

func greeter() object {
	return object{kind: schema.GroupKind{Group: "apps", Kind: "Deployment"}, namespace: tried, name: "greeter"}
}

func greeterConfig() object {
	return object{kind: schema.GroupKind{Kind: "ConfigMap"}, namespace: tried, name: "greeter"}
}

func banner() object {
	return object{kind: schema.GroupKind{Group: "apps", Kind: "Deployment"}, namespace: tried, name: "banner"}
}

// tries are the verbs for a demo that runs.
func tries() map[string]func(context.Context, *trial) error {
	return map[string]func(context.Context, *trial) error{
		"push": push, "edit": edit, "delete": remove, "break": breakManifest, "fix": fix,
	}
}

// trial is one thing that is tried.
type trial struct {
	*console
	cluster *cluster
	work    *checkout
	git     string
}

// try runs a verb against the demo that runs.
func try(ctx context.Context, s settings, con *console, verb func(context.Context, *trial) error) (err error) {
	d, err := findDemo(s.state)
	if err != nil {
		return err
	}
	t := &trial{console: con, git: d.Git}
	if t.cluster, err = connect(d.Kubeconfig); err != nil {
		return err
	}
	if t.work, err = clone(ctx, d.Git); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.work.discard()) }()
	if err := verb(ctx, t); err != nil {
		return fmt.Errorf("%w (Evenkeel's log is %s)", err, d.Log)
	}
	return nil
}

// commit pushes what was changed and has Evenkeel look. It is the commit's id,
// and when it was pushed.
func (t *trial) commit(ctx context.Context, message string) (string, time.Time, error) {
	id, err := t.work.push(ctx, message)
	if err != nil {
		return "", time.Time{}, err
	}
	pushed := time.Now()
	t.say("  git push    %s  %s", short(id), message)
	t.say("  annotate    application %s: %s=%s, as a webhook would", tried, v1alpha1.AnnotationRefresh, v1alpha1.RefreshNormal)
	return id, pushed, t.cluster.refresh(ctx, tried)
}

func short(id string) string { return id[:min(len(id), 7)] }

// settle waits until the Application is well again and at the commit. An empty one
// means any: Evenkeel stays at the commit that last changed what it reads, which a
// commit that only undoes another one does not.
func (t *trial) settle(ctx context.Context, commit string, pushed time.Time) error {
	ctx, cancel := limit(ctx, tryLimit)
	defer cancel()
	where := "application " + tried
	if commit != "" {
		where += " at " + short(commit)
	}
	return t.until("waiting for Synced and Healthy: "+where, func() (string, error) {
		took, err := t.cluster.followApplication(ctx, tried, pushed, func(app *v1alpha1.Application) bool {
			_, complains := complaint(app)
			return well(app) && !complains && (commit == "" || app.Status.Sync.Revision == commit)
		})
		return fmt.Sprintf("Synced and Healthy %s after the push: %s", seconds(took), where), err
	})
}

// sight is what is to be seen of an object after a push.
type sight struct {
	event, what string
	object      object
	pushed      time.Time
}

// see waits until an object is as it should be, and says so.
func (t *trial) see(ctx context.Context, s sight, is func(*unstructured.Unstructured) bool) error {
	ctx, cancel := limit(ctx, tryLimit)
	defer cancel()
	return t.until("waiting: "+s.what, func() (string, error) {
		took, err := t.cluster.follow(ctx, s.object, s.pushed, is)
		return fmt.Sprintf("%s %s after the push: %s", s.event, seconds(took), s.what), err
	})
}

func limit(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, d, fmt.Errorf("still so after %s", d))
}

// errBroken is why there is no use in pushing anything else.
var errBroken = errors.New(deploymentFile + " is broken, so Evenkeel keeps to the last commit that it could read; mend it first, with the verb fix")

// whole refuses to go on with a broken manifest.
func (t *trial) whole() error {
	text, _, err := t.work.read(deploymentFile)
	if err == nil && strings.HasSuffix(text, damage) {
		return errBroken
	}
	return err
}

// push changes a message and an image, so that there is a rollout to look at.
func push(ctx context.Context, t *trial) error {
	if err := t.whole(); err != nil {
		return err
	}
	n, err := t.nextChange()
	if err != nil {
		return err
	}
	t.say("Pushing a change: another message in %s, another image in %s\n", configFile, deploymentFile)
	id, pushed, err := t.commit(ctx, fmt.Sprintf("Greet with change %d", n))
	if err != nil {
		return err
	}
	want := fmt.Sprintf("change %d.", n)
	live := sight{event: "live", what: fmt.Sprintf("ConfigMap greeter says change %d", n), object: greeterConfig(), pushed: pushed}
	err = t.see(ctx, live, func(obj *unstructured.Unstructured) bool { return strings.HasSuffix(message(obj), want) })
	if err != nil {
		return err
	}
	return t.settle(ctx, id, pushed)
}

func message(config *unstructured.Unstructured) string {
	if config == nil {
		return ""
	}
	text, _, _ := unstructured.NestedString(config.Object, "data", "message")
	return text
}

// nextChange writes the next change, and is its number.
func (t *trial) nextChange() (int, error) {
	config, _, err := t.work.read(configFile)
	if err != nil {
		return 0, err
	}
	change := regexp.MustCompile(`This is change (\d+)\.`)
	found := change.FindStringSubmatch(config)
	if found == nil {
		return 0, fmt.Errorf("%s of %s has no message with a number any more; put this back: Hello from Git. This is change 0", configFile, t.git)
	}
	n, err := strconv.Atoi(found[1])
	if err != nil {
		return 0, fmt.Errorf("%s: %w", configFile, err)
	}
	n++
	if err := t.work.write(configFile, change.ReplaceAllString(config, fmt.Sprintf("This is change %d.", n))); err != nil {
		return 0, err
	}
	deployment, _, err := t.work.read(deploymentFile)
	if err != nil {
		return 0, err
	}
	image := regexp.MustCompile(`greeter:1\.0\.\d+`)
	return n, t.work.write(deploymentFile, image.ReplaceAllString(deployment, fmt.Sprintf("greeter:1.0.%d", n)))
}

// edit changes a live object as a person with kubectl would.
func edit(ctx context.Context, t *trial) error {
	t.say("Editing a live object: Deployment greeter gets %d replicas, as with kubectl edit\n", drift)
	return t.heal(ctx)
}

// heal makes a difference to Git, and sees it go away.
func (t *trial) heal(ctx context.Context) error {
	before, err := t.cluster.get(ctx, greeter())
	if err != nil {
		return err
	}
	if before == nil {
		return fmt.Errorf("%s is not there; look at application %s", greeter(), tried)
	}
	wanted := replicas(before)
	if wanted == drift {
		return fmt.Errorf("%s has %d replicas already: an edit is about to be healed; try again when it is", greeter(), drift)
	}
	drifted, err := t.cluster.merge(ctx, greeter(), map[string]any{"spec": map[string]any{"replicas": drift}})
	if err != nil {
		return err
	}
	edited := time.Now()
	t.say("  live edit   %s: replicas %d -> %d (generation %d)", greeter(), wanted, replicas(drifted), drifted.GetGeneration())
	ctx, cancel := limit(ctx, healLimit)
	defer cancel()
	var took time.Duration
	err = t.until("waiting for it to be healed", func() (string, error) {
		took, err = t.cluster.follow(ctx, greeter(), edited, func(obj *unstructured.Unstructured) bool { return replicas(obj) == wanted })
		return fmt.Sprintf("healed %s after the edit: replicas are %d again", seconds(took), wanted), err
	})
	if err == nil && took > noticed {
		t.say("    Evenkeel waits between heals of the same commit (2 s, 6 s, 18 s … as Argo CD),\n    so that it does not fight with somebody. A push starts anew.")
	}
	return err
}

func replicas(deployment *unstructured.Unstructured) int64 {
	if deployment == nil {
		return -1
	}
	n, _, _ := unstructured.NestedInt64(deployment.Object, "spec", "replicas")
	return n
}

// remove removes a file from Git; if it was removed before, it is put back first.
func remove(ctx context.Context, t *trial) error {
	if err := t.whole(); err != nil {
		return err
	}
	if err := t.putBack(ctx); err != nil {
		return err
	}
	others, err := t.others(ctx, banner())
	if err != nil {
		return err
	}
	t.say("Deleting a file: %s, which declares %s\n", bannerFile, banner())
	if err := t.work.remove(bannerFile); err != nil {
		return err
	}
	id, pushed, err := t.commit(ctx, "Take the banner down")
	if err != nil {
		return err
	}
	pruned := sight{event: "pruned", what: banner().String() + " is gone", object: banner(), pushed: pushed}
	if err := t.see(ctx, pruned, func(obj *unstructured.Unstructured) bool { return obj == nil }); err != nil {
		return err
	}
	if err := t.settle(ctx, id, pushed); err != nil {
		return err
	}
	return t.untouched(ctx, others)
}

func (t *trial) putBack(ctx context.Context) error {
	_, there, err := t.work.read(bannerFile)
	if err != nil || there {
		return err
	}
	shown, err := demoContent()
	if err != nil {
		return err
	}
	text, err := shown.read(bannerFile)
	if err != nil {
		return err
	}
	t.say("%s was deleted before: putting it back first\n", bannerFile)
	if err := t.work.write(bannerFile, text); err != nil {
		return err
	}
	id, pushed, err := t.commit(ctx, "Put the banner up")
	if err != nil {
		return err
	}
	err = t.settle(ctx, id, pushed)
	t.say("")
	return err
}

// breakManifest breaks a manifest, unless it is broken, and shows what that does not do.
func breakManifest(ctx context.Context, t *trial) error {
	before, err := t.others(ctx, object{})
	if err != nil {
		return err
	}
	text, _, err := t.work.read(deploymentFile)
	if err != nil {
		return err
	}
	var pushed time.Time
	if strings.HasSuffix(text, damage) {
		t.say("%s is broken already (fix mends it); looking again\n", deploymentFile)
	} else {
		t.say("Breaking a manifest: a line that is no YAML at the end of %s\n", deploymentFile)
		if err := t.work.write(deploymentFile, text+damage); err != nil {
			return err
		}
		if _, pushed, err = t.commit(ctx, "Break the greeter"); err != nil {
			return err
		}
	}
	if err := t.complains(ctx, pushed); err != nil {
		return err
	}
	if err := t.untouched(ctx, before); err != nil {
		return err
	}
	t.say("\nAnd what is live is still looked after:\n")
	return t.heal(ctx)
}

// complains waits until the Application says what is wrong with the newest commit.
// Without the time of its push nothing is said of how long that took.
func (t *trial) complains(ctx context.Context, pushed time.Time) error {
	ctx, cancel := limit(ctx, tryLimit)
	defer cancel()
	var condition v1alpha1.ApplicationCondition
	err := t.until("waiting for Evenkeel to notice", func() (string, error) {
		took, err := t.cluster.followApplication(ctx, tried, pushed, func(app *v1alpha1.Application) bool {
			var found bool
			condition, found = complaint(app)
			return found
		})
		after := ""
		if !pushed.IsZero() {
			after = " " + seconds(took) + " after the push"
		}
		return fmt.Sprintf("Evenkeel says what is wrong%s: %s", after, condition.Type), err
	})
	if err == nil {
		t.say("    %s", condition.Message)
	}
	return err
}

// fix takes the damage away again.
func fix(ctx context.Context, t *trial) error {
	text, _, err := t.work.read(deploymentFile)
	if err != nil {
		return err
	}
	whole, broken := strings.CutSuffix(text, damage)
	if !broken {
		t.say("%s is not broken: there is nothing to fix", deploymentFile)
		return nil
	}
	t.say("Mending the manifest: the broken line of %s goes away\n", deploymentFile)
	if err := t.work.write(deploymentFile, whole); err != nil {
		return err
	}
	_, pushed, err := t.commit(ctx, "Mend the greeter")
	if err != nil {
		return err
	}
	return t.settle(ctx, "", pushed)
}

// print is what may not change of an object that nobody touches: its uid, and all
// but metadata and status.
type print struct {
	object object
	text   string
}

// others are the application's live objects but one.
func (t *trial) others(ctx context.Context, but object) ([]print, error) {
	obj, err := t.cluster.get(ctx, applicationObject(tried))
	if err != nil {
		return nil, err
	}
	app, err := decodeApplication(obj)
	if err != nil {
		return nil, err
	}
	var prints []print
	for _, r := range app.Status.Resources {
		o := object{kind: schema.GroupKind{Group: r.Group, Kind: r.Kind}, namespace: r.Namespace, name: r.Name}
		if o == but {
			continue
		}
		p, err := t.print(ctx, o)
		if err != nil {
			return nil, err
		}
		prints = append(prints, p)
	}
	if len(prints) == 0 {
		return nil, fmt.Errorf("application %s has no objects; it is %s", tried, standing(app))
	}
	return prints, nil
}

func (t *trial) print(ctx context.Context, o object) (print, error) {
	obj, err := t.cluster.get(ctx, o)
	if err != nil || obj == nil {
		return print{object: o}, err
	}
	rest := map[string]any{"uid": obj.GetUID(), "deleted": obj.GetDeletionTimestamp()}
	for field, value := range obj.Object {
		if field != "metadata" && field != "status" {
			rest[field] = value
		}
	}
	text, err := json.Marshal(rest)
	return print{object: o, text: string(text)}, err
}

// untouched says that the objects are what they were; if not, it is an error.
func (t *trial) untouched(ctx context.Context, before []print) error {
	after := make([]print, 0, len(before))
	for _, p := range before {
		now, err := t.print(ctx, p.object)
		if err != nil {
			return err
		}
		after = append(after, now)
	}
	for i, p := range before {
		if after[i] != p {
			return fmt.Errorf("%s is not what it was", p.object)
		}
	}
	names := make([]string, 0, len(before))
	for _, p := range before {
		names = append(names, p.object.String())
	}
	slices.Sort(names)
	t.say("  ✓ untouched: %s", strings.Join(names, ", "))
	return nil
}
