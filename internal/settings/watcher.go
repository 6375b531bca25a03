package settings

import (
	"context"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	coreinformers "k8s.io/client-go/informers/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
)

// secretSelector matches the Secrets that are read.
const secretSelector = v1alpha1.LabelSecretType + " in (" + SecretRepository + "," + SecretCredentials + "," + SecretCluster + ")"

// Watcher keeps the settings of one namespace current by watching its six
// config maps, each by name, its labelled Secrets, and Argo CD's own by name.
// Nothing else of the namespace is read. All methods are safe for concurrent use.
type Watcher struct {
	// Check tells what else is wrong with a snapshot, before it becomes the current one:
	// there are texts in it that only those who use them understand. It is set before Run.
	Check func(Snapshot) []Problem

	// configMaps are informers by the name of the one config map that each watches.
	configMaps map[string]cache.SharedIndexInformer
	// secrets are informers of the Secrets; one may be seen by several.
	secrets []cache.SharedIndexInformer
	log     *slog.Logger
	// dirty holds a token when something has changed since the last snapshot.
	dirty chan struct{}
	ready chan struct{}

	mu       sync.Mutex
	current  Snapshot
	problems []Problem
	changed  chan struct{}
}

// NewWatcher makes a watcher of a namespace; Run sets it going.
func NewWatcher(client kubernetes.Interface, namespace string, log *slog.Logger) *Watcher {
	w := &Watcher{
		configMaps: map[string]cache.SharedIndexInformer{}, log: log,
		dirty: make(chan struct{}, 1), ready: make(chan struct{}), changed: make(chan struct{}),
	}
	w.current, _ = Parse(nil, nil)
	for _, name := range [...]string{ConfigMap, ConfigMapParams, ConfigMapTLSCerts, ConfigMapKnownHosts, ConfigMapGPGKeys, ConfigMapPlugins} {
		w.configMaps[name] = coreinformers.NewFilteredConfigMapInformer(client, namespace, 0, cache.Indexers{}, byName(name))
	}
	for _, selected := range [...]func(*metav1.ListOptions){byLabel(secretSelector), byLabel(labelPartOf + "=" + partOfArgoCD), byName(SecretMain)} {
		w.secrets = append(w.secrets, coreinformers.NewFilteredSecretInformer(client, namespace, 0, cache.Indexers{}, selected))
	}
	return w
}

func byName(name string) func(*metav1.ListOptions) {
	return func(o *metav1.ListOptions) {
		o.FieldSelector = fields.OneTermEqualSelector(metav1.ObjectNameField, name).String()
	}
}

func byLabel(selector string) func(*metav1.ListOptions) {
	return func(o *metav1.ListOptions) { o.LabelSelector = selector }
}

// Run watches until ctx ends. It is called once.
func (w *Watcher) Run(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var synced []cache.InformerSynced
	touch := func(any) { w.touch() }
	for _, informer := range append(slices.Collect(maps.Values(w.configMaps)), w.secrets...) {
		registered, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc: touch, DeleteFunc: touch, UpdateFunc: func(_, now any) { touch(now) },
		})
		if err != nil {
			return fault.Wrap(fault.Internal, err, "watch settings")
		}
		synced = append(synced, registered.HasSynced)
		running.Go(func() { informer.RunWithContext(ctx) })
	}
	if !cache.WaitForCacheSync(ctx.Done(), synced...) {
		return nil
	}
	w.update()
	close(w.ready)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-w.dirty:
			w.update()
		}
	}
}

// Ready is closed when Current has been read from the cluster.
func (w *Watcher) Ready() <-chan struct{} { return w.ready }

// Current is the newest Snapshot; before Ready all defaults.
func (w *Watcher) Current() Snapshot {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.current
}

// Problems are those of Current.
func (w *Watcher) Problems() []Problem {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.problems
}

// Changed is closed with the next change after the call. To miss none, call it
// before Current.
func (w *Watcher) Changed() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.changed
}

func (w *Watcher) touch() {
	select {
	case w.dirty <- struct{}{}:
	default:
	}
}

// update is called by Run only.
func (w *Watcher) update() {
	var configMaps []*corev1.ConfigMap
	for name, informer := range w.configMaps {
		for _, o := range informer.GetStore().List() {
			if cm, ok := o.(*corev1.ConfigMap); ok && cm.Name == name {
				configMaps = append(configMaps, cm)
			}
		}
	}
	secrets := map[string]*corev1.Secret{}
	for _, informer := range w.secrets {
		for _, o := range informer.GetStore().List() {
			if s, ok := o.(*corev1.Secret); ok {
				secrets[s.Name] = s
			}
		}
	}
	snapshot, problems := Parse(configMaps, slices.Collect(maps.Values(secrets)))
	if w.Check != nil {
		problems = append(problems, w.Check(snapshot)...)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if snapshot.equal(w.current) && reflect.DeepEqual(problems, w.problems) {
		return
	}
	for _, p := range problems {
		w.log.Warn("a setting is not used", "object", p.Object, "key", p.Key, "reason", p.Reason)
	}
	snapshot.Version = w.current.Version + 1
	w.current, w.problems = snapshot, problems
	close(w.changed)
	w.changed = make(chan struct{})
}

// Read reads the settings of a namespace once.
func Read(ctx context.Context, client kubernetes.Interface, namespace string) (Snapshot, error) {
	configMaps, err := client.CoreV1().ConfigMaps(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return Snapshot{}, fault.Wrap(fault.Unavailable, err, "reading config maps of namespace %s", namespace)
	}
	secrets, err := client.CoreV1().Secrets(namespace).List(ctx, metav1.ListOptions{LabelSelector: secretSelector})
	if err != nil {
		return Snapshot{}, fault.Wrap(fault.Unavailable, err, "reading repository secrets of namespace %s", namespace)
	}
	var cms []*corev1.ConfigMap
	for i := range configMaps.Items {
		cms = append(cms, &configMaps.Items[i])
	}
	var list []*corev1.Secret
	for i := range secrets.Items {
		list = append(list, &secrets.Items[i])
	}
	s, _ := Parse(cms, list)
	return s, nil
}
