package main

import "testing"

// TestServerVersion: the tools that render are modules of this binary.
func TestServerVersion(t *testing.T) {
	v := serverVersion()
	for name, got := range map[string]string{"Kustomize": v.KustomizeVersion, "Helm": v.HelmVersion, "Jsonnet": v.JsonnetVersion} {
		if got == "" || got[0] != 'v' {
			t.Errorf("%s: got %q", name, got)
		}
	}
}
