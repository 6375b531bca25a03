package fakecloud

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestAddressOfIsOneForDocumentation(t *testing.T) {
	documentation := netip.MustParsePrefix("203.0.113.0/24")
	seen := map[string]bool{}
	for _, name := range []string{"a", "b", "c", "web", "shop"} {
		object := &metav1.ObjectMeta{Namespace: "ns", Name: name}
		address := addressOf(object)
		if !documentation.Contains(netip.MustParseAddr(address)) {
			t.Errorf("%s: %s is not in %s (RFC 5737)", name, address, documentation)
		}
		if again := addressOf(object); again != address {
			t.Errorf("%s: %s, then %s", name, address, again)
		}
		seen[address] = true
	}
	if len(seen) < 4 {
		t.Errorf("5 names share %d addresses", len(seen))
	}
}

func TestWantsVolume(t *testing.T) {
	class, empty := "gp3", ""
	for _, tt := range []struct {
		change func(*corev1.PersistentVolumeClaim)
		want   bool
		reason string
	}{
		{func(*corev1.PersistentVolumeClaim) {}, true, "any class will do"},
		{func(c *corev1.PersistentVolumeClaim) { c.Status.Phase = corev1.ClaimBound }, false, "it has one"},
		{func(c *corev1.PersistentVolumeClaim) { c.Status.Phase = corev1.ClaimLost }, false, "it lost one, with its data"},
		{func(c *corev1.PersistentVolumeClaim) { c.Spec.VolumeName = "mine" }, false, "it names one"},
		{func(c *corev1.PersistentVolumeClaim) { c.Spec.Selector = &metav1.LabelSelector{} }, false, "it selects one that somebody made"},
		{func(c *corev1.PersistentVolumeClaim) { c.Spec.StorageClassName = &empty }, false, "the empty class means: none made for it"},
		{func(c *corev1.PersistentVolumeClaim) { c.Spec.StorageClassName = nil }, false, "the default class is to come"},
		{func(c *corev1.PersistentVolumeClaim) { c.Annotations = map[string]string{VolumeAnnotation: "none"} }, false, "it asks to wait"},
		{func(c *corev1.PersistentVolumeClaim) { c.DeletionTimestamp = &metav1.Time{} }, false, "it goes"},
	} {
		claim := &corev1.PersistentVolumeClaim{
			Spec:   corev1.PersistentVolumeClaimSpec{StorageClassName: &class},
			Status: corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimPending},
		}
		tt.change(claim)
		if got := wantsVolume(claim); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.reason, got, tt.want)
		}
	}
}

func TestVolumeForIsWhatWasClaimed(t *testing.T) {
	class, block := "gp3", corev1.PersistentVolumeBlock
	claim := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "data", UID: "u1"},
		Spec: corev1.PersistentVolumeClaimSpec{
			StorageClassName: &class,
			AccessModes:      []corev1.PersistentVolumeAccessMode{corev1.ReadWriteMany},
			VolumeMode:       &block,
			Resources: corev1.VolumeResourceRequirements{
				Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("5Gi")},
			},
		},
	}
	want := corev1.PersistentVolumeSpec{
		Capacity:                      corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("5Gi")},
		PersistentVolumeSource:        corev1.PersistentVolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/var/lib/evenkeel-playground/pvc-u1"}},
		AccessModes:                   []corev1.PersistentVolumeAccessMode{corev1.ReadWriteMany},
		ClaimRef:                      &corev1.ObjectReference{APIVersion: "v1", Kind: "PersistentVolumeClaim", Namespace: "shop", Name: "data", UID: "u1"},
		PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimDelete,
		StorageClassName:              class,
		VolumeMode:                    &block,
	}
	volume := volumeFor(claim)
	if diff := cmp.Diff(want, volume.Spec); diff != "" {
		t.Errorf("spec (-want +got):\n%s", diff)
	}
	if isLeftover(volume) {
		t.Error("a volume that was just made counts as a leftover")
	}
	volume.Status.Phase = corev1.VolumeReleased
	if !isLeftover(volume) {
		t.Error("a released volume of the playground's does not count as a leftover")
	}
	delete(volume.Annotations, provisionedAnnotation)
	if isLeftover(volume) {
		t.Error("somebody else's volume counts as a leftover")
	}
}
