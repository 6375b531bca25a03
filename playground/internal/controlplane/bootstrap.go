package controlplane

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	schedulingv1 "k8s.io/kubernetes/pkg/apis/scheduling/v1"
	"k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac/bootstrappolicy"
)

const bootstrapConcurrency = 8

// creation writes one object that every cluster has.
type creation func(context.Context) error

// bootstrap writes the default RBAC objects and priority classes. The API
// server's own hooks for them first wait a second and then write one by one,
// which is most of the time that a start takes. Like them this leaves alone what
// is there; unlike them it does not repair it.
func bootstrap(ctx context.Context, config *rest.Config) error {
	config = rest.CopyConfig(config)
	config.QPS = -1 // no limit
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(bootstrapConcurrency)
	for _, create := range creations(client) {
		group.Go(func() error { return createEventually(ctx, create) })
	}
	return group.Wait()
}

// createEventually tries again for some 10 s: at first the system namespaces
// are not there yet and admission has not seen what it must.
func createEventually(ctx context.Context, create creation) error {
	var last error
	backoff := wait.Backoff{Duration: 5 * time.Millisecond, Factor: 2, Steps: 12}
	err := wait.ExponentialBackoffWithContext(ctx, backoff, func(ctx context.Context) (bool, error) {
		last = create(ctx)
		return last == nil || apierrors.IsAlreadyExists(last), nil
	})
	if err != nil {
		return errors.Join(err, last)
	}
	return nil
}

func creations(client kubernetes.Interface) []creation {
	var all []creation
	for _, o := range append(bootstrappolicy.ClusterRoles(), bootstrappolicy.ControllerRoles()...) {
		all = append(all, creating(client.RbacV1().ClusterRoles().Create, &o))
	}
	for _, o := range append(bootstrappolicy.ClusterRoleBindings(), bootstrappolicy.ControllerRoleBindings()...) {
		all = append(all, creating(client.RbacV1().ClusterRoleBindings().Create, &o))
	}
	for _, o := range schedulingv1.SystemPriorityClasses() {
		all = append(all, creating(client.SchedulingV1().PriorityClasses().Create, o))
	}
	return append(all, namespacedCreations(client)...)
}

func namespacedCreations(client kubernetes.Interface) []creation {
	var all []creation
	each(bootstrappolicy.NamespaceRoles(), func(namespace string, o *rbacv1.Role) {
		all = append(all, creating(client.RbacV1().Roles(namespace).Create, o))
	})
	each(bootstrappolicy.NamespaceRoleBindings(), func(namespace string, o *rbacv1.RoleBinding) {
		all = append(all, creating(client.RbacV1().RoleBindings(namespace).Create, o))
	})
	return all
}

func each[T any](byNamespace map[string][]T, visit func(string, *T)) {
	for namespace, objects := range byNamespace {
		for i := range objects {
			visit(namespace, &objects[i])
		}
	}
}

func creating[T any](create func(context.Context, T, metav1.CreateOptions) (T, error), object T) creation {
	return func(ctx context.Context) error {
		_, err := create(ctx, object, metav1.CreateOptions{})
		return err
	}
}
