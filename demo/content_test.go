package main

import (
	"io/fs"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

func TestApplicationsNameFolders(t *testing.T) {
	shown, err := demoContent()
	if err != nil {
		t.Fatal(err)
	}
	apps, err := readApplications(shown.applications, "http://127.0.0.1:1/demo.git")
	if err != nil {
		t.Fatal(err)
	}
	if len(apps) != 4 {
		t.Errorf("there are %d applications, want 4", len(apps))
	}
	for _, app := range apps {
		path, _, _ := unstructured.NestedString(app.Object, "spec", "source", "path")
		if _, err := fs.Stat(shown.repo, path); err != nil {
			t.Errorf("application %s: %v", app.GetName(), err)
		}
		if url, _, _ := unstructured.NestedString(app.Object, "spec", "source", "repoURL"); url != "http://127.0.0.1:1/demo.git" {
			t.Errorf("application %s is of %s", app.GetName(), url)
		}
	}
}

func TestDamageBreaksTheManifest(t *testing.T) {
	shown, err := demoContent()
	if err != nil {
		t.Fatal(err)
	}
	whole, err := shown.read(deploymentFile)
	if err != nil {
		t.Fatal(err)
	}
	var obj map[string]any
	if err := yaml.Unmarshal([]byte(whole), &obj); err != nil {
		t.Errorf("whole: %v", err)
	}
	if err := yaml.Unmarshal([]byte(whole+damage), &obj); err == nil {
		t.Error("broken, it can still be read")
	}
}
