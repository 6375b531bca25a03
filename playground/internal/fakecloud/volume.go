package fakecloud

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// VolumeAnnotation, with the value none on a PersistentVolumeClaim, leaves it
// Pending.
const VolumeAnnotation = "playground.evenkeel.dev/volume"

const (
	provisioner           = "playground.evenkeel.dev/volume"
	className             = "standard"
	provisionedAnnotation = "pv.kubernetes.io/provisioned-by" // the volume controller leaves deletion to that one
	defaultAnnotation     = "storageclass.kubernetes.io/is-default-class"
)

type volumes struct {
	client kubernetes.Interface
}

// ensureClass creates the default storage class unless it is there.
func (v volumes) ensureClass(ctx context.Context) error {
	immediate := storagev1.VolumeBindingImmediate
	_, err := v.client.StorageV1().StorageClasses().Create(ctx, &storagev1.StorageClass{
		ObjectMeta:        metav1.ObjectMeta{Name: className, Annotations: map[string]string{defaultAnnotation: "true"}},
		Provisioner:       provisioner,
		VolumeBindingMode: &immediate,
	}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create storage class %s: %w", className, err)
	}
	return nil
}

func (v volumes) syncClaim(ctx context.Context, claim *corev1.PersistentVolumeClaim) (time.Duration, error) {
	if !wantsVolume(claim) {
		return 0, nil
	}
	_, err := v.client.CoreV1().PersistentVolumes().Create(ctx, volumeFor(claim), metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return 0, nil
	}
	return 0, err
}

// syncVolume deletes a volume of its own whose claim is gone.
func (v volumes) syncVolume(ctx context.Context, volume *corev1.PersistentVolume) (time.Duration, error) {
	if !isLeftover(volume) {
		return 0, nil
	}
	err := v.client.CoreV1().PersistentVolumes().Delete(ctx, volume.Name, metav1.DeleteOptions{
		Preconditions: metav1.NewUIDPreconditions(string(volume.UID)),
	})
	return 0, err
}

// wantsVolume follows dynamic provisioning but for the storage class, of which
// any name will do. An empty name and a selector ask for a volume that somebody
// else has made.
func wantsVolume(claim *corev1.PersistentVolumeClaim) bool {
	spec := claim.Spec
	return claim.DeletionTimestamp == nil &&
		claim.Status.Phase == corev1.ClaimPending &&
		claim.Annotations[VolumeAnnotation] != none &&
		spec.VolumeName == "" &&
		spec.Selector == nil &&
		spec.StorageClassName != nil && *spec.StorageClassName != ""
}

// volumeFor makes a volume that is bound to claim from the start.
func volumeFor(claim *corev1.PersistentVolumeClaim) *corev1.PersistentVolume {
	name := "pvc-" + string(claim.UID)
	return &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{provisionedAnnotation: provisioner}},
		Spec: corev1.PersistentVolumeSpec{
			AccessModes:                   claim.Spec.AccessModes,
			Capacity:                      corev1.ResourceList{corev1.ResourceStorage: claim.Spec.Resources.Requests[corev1.ResourceStorage]},
			VolumeMode:                    claim.Spec.VolumeMode,
			StorageClassName:              *claim.Spec.StorageClassName,
			PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimDelete,
			PersistentVolumeSource: corev1.PersistentVolumeSource{
				HostPath: &corev1.HostPathVolumeSource{Path: "/var/lib/evenkeel-playground/" + name},
			},
			ClaimRef: &corev1.ObjectReference{
				APIVersion: "v1", Kind: "PersistentVolumeClaim",
				Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID,
			},
		},
	}
}

func isLeftover(volume *corev1.PersistentVolume) bool {
	return volume.DeletionTimestamp == nil &&
		volume.Status.Phase == corev1.VolumeReleased &&
		volume.Annotations[provisionedAnnotation] == provisioner &&
		volume.Spec.PersistentVolumeReclaimPolicy == corev1.PersistentVolumeReclaimDelete
}
