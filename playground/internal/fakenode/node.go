package fakenode

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"strconv"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/klog/v2"
)

const (
	leasePeriod = 10 * time.Second
	leaseTerm   = int32(40) // seconds; as the kubelet's
	zones       = 3
)

// node is one fake machine.
type node struct {
	name    string
	address string
	zone    string
}

func newNode(i int) node {
	return node{
		name:    "node-" + strconv.Itoa(i+1),
		address: fmt.Sprintf("10.0.%d.%d", (i+10)/250, (i+10)%250),
		zone:    "zone-" + strconv.Itoa(i%zones+1),
	}
}

// register creates the node, or brings the one of an earlier start up to date.
func (n *Nodes) register(ctx context.Context, one node) error {
	status := nodeStatus(one, n.options.Port, metav1.Now())
	_, err := n.options.Client.CoreV1().Nodes().Create(ctx, &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: one.name, Labels: map[string]string{
			corev1.LabelHostname:       one.name,
			corev1.LabelOSStable:       "linux",
			corev1.LabelArchStable:     runtime.GOARCH,
			corev1.LabelTopologyRegion: "local",
			corev1.LabelTopologyZone:   one.zone,
		}},
		Status: status,
	}, metav1.CreateOptions{})
	if err == nil {
		return nil
	}
	if !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("register node %s: %w", one.name, err)
	}
	patch, err := json.Marshal(map[string]any{"status": status})
	if err != nil {
		return fmt.Errorf("register node %s: %w", one.name, err)
	}
	_, err = n.options.Client.CoreV1().Nodes().Patch(ctx, one.name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
	if err != nil {
		return fmt.Errorf("register node %s: %w", one.name, err)
	}
	return nil
}

func nodeStatus(n node, port int32, now metav1.Time) corev1.NodeStatus {
	condition := func(t corev1.NodeConditionType, s corev1.ConditionStatus, reason string) corev1.NodeCondition {
		return corev1.NodeCondition{Type: t, Status: s, Reason: reason, LastHeartbeatTime: now, LastTransitionTime: now}
	}
	resources := corev1.ResourceList{
		corev1.ResourceCPU:              resource.MustParse("32"),
		corev1.ResourceMemory:           resource.MustParse("128Gi"),
		corev1.ResourceEphemeralStorage: resource.MustParse("500Gi"),
		corev1.ResourcePods:             resource.MustParse("500"),
	}
	return corev1.NodeStatus{
		Capacity:    resources,
		Allocatable: resources,
		Conditions: []corev1.NodeCondition{
			condition(corev1.NodeReady, corev1.ConditionTrue, "KubeletReady"),
			condition(corev1.NodeMemoryPressure, corev1.ConditionFalse, "KubeletHasSufficientMemory"),
			condition(corev1.NodeDiskPressure, corev1.ConditionFalse, "KubeletHasNoDiskPressure"),
			condition(corev1.NodePIDPressure, corev1.ConditionFalse, "KubeletHasSufficientPID"),
			condition(corev1.NodeNetworkUnavailable, corev1.ConditionFalse, "RouteCreated"),
		},
		Addresses: []corev1.NodeAddress{
			{Type: corev1.NodeInternalIP, Address: "127.0.0.1"}, // where the API server fetches logs
			{Type: corev1.NodeHostName, Address: n.name},
		},
		DaemonEndpoints: corev1.NodeDaemonEndpoints{KubeletEndpoint: corev1.DaemonEndpoint{Port: port}},
		NodeInfo: corev1.NodeSystemInfo{
			OperatingSystem: "linux", Architecture: runtime.GOARCH, OSImage: "evenkeel-playground", KernelVersion: "fake",
			KubeletVersion: "v1.37.2-fake", ContainerRuntimeVersion: "fake://0",
		},
	}
}

// renewLeases tells the node lifecycle controller that the node lives, until
// ctx ends.
func (n *Nodes) renewLeases(ctx context.Context, one node) {
	wait.UntilWithContext(ctx, func(ctx context.Context) {
		if err := n.renewLease(ctx, one); err != nil && ctx.Err() == nil {
			klog.ErrorS(err, "playground: lease not renewed", "node", one.name)
		}
	}, leasePeriod)
}

func (n *Nodes) renewLease(ctx context.Context, one node) error {
	leases := n.options.Client.CoordinationV1().Leases(corev1.NamespaceNodeLease)
	now, term := metav1.NewMicroTime(time.Now()), leaseTerm
	lease, err := leases.Get(ctx, one.name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		_, err = leases.Create(ctx, &coordinationv1.Lease{
			ObjectMeta: metav1.ObjectMeta{Name: one.name},
			Spec:       coordinationv1.LeaseSpec{HolderIdentity: &one.name, LeaseDurationSeconds: &term, RenewTime: &now},
		}, metav1.CreateOptions{})
		return err
	}
	if err != nil {
		return err
	}
	lease.Spec.RenewTime = &now
	_, err = leases.Update(ctx, lease, metav1.UpdateOptions{})
	return err
}
