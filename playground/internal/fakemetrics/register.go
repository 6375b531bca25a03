package fakemetrics

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	aggregator "k8s.io/kube-aggregator/pkg/client/clientset_generated/clientset"
)

const (
	serviceName      = "playground-metrics"
	serviceNamespace = metav1.NamespaceSystem
)

// Registration is where the API server finds the API.
type Registration struct {
	Client     kubernetes.Interface
	Aggregator aggregator.Interface
	Port       int32  // on 127.0.0.1
	CA         []byte // PEM; issued the certificate served there, for playground-metrics.kube-system.svc
}

// Register tells the API server of the API, in place of what an earlier start
// told it. The Service has an external name because a cluster IP leads nowhere
// on the playground.
func Register(ctx context.Context, r Registration) error {
	services := r.Client.CoreV1().Services(serviceNamespace)
	_, err := services.Create(ctx, &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: serviceName},
		Spec:       corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "localhost"},
	}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("register metrics API: service: %w", err)
	}
	if err := r.applyAPIService(ctx); err != nil {
		return fmt.Errorf("register metrics API: %w", err)
	}
	return nil
}

func (r Registration) applyAPIService(ctx context.Context) error {
	services := r.Aggregator.ApiregistrationV1().APIServices()
	want := r.apiService()
	found, err := services.Get(ctx, want.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		_, err = services.Create(ctx, want, metav1.CreateOptions{})
		return err
	}
	if err != nil {
		return err
	}
	found.Spec = want.Spec
	_, err = services.Update(ctx, found, metav1.UpdateOptions{})
	return err
}

func (r Registration) apiService() *apiregistrationv1.APIService {
	return &apiregistrationv1.APIService{
		ObjectMeta: metav1.ObjectMeta{Name: version + "." + group},
		Spec: apiregistrationv1.APIServiceSpec{
			Group: group, Version: version, GroupPriorityMinimum: 100, VersionPriority: 100, // as metrics-server's
			CABundle: r.CA,
			Service:  &apiregistrationv1.ServiceReference{Namespace: serviceNamespace, Name: serviceName, Port: &r.Port},
		},
	}
}
