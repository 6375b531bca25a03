package controlplane

import (
	"fmt"
	"os"

	"k8s.io/client-go/rest"
	"k8s.io/component-base/logs"
	logsapi "k8s.io/component-base/logs/api/v1"
	"k8s.io/klog/v2"
)

// logTo sends the log of all components to the end of the file at path. The
// file stays open for as long as the process runs, as components log until
// then.
func logTo(path string, verbosity uint) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("log: %w", err)
	}
	options := logs.NewOptions()
	options.Verbosity = logsapi.VerbosityLevel(verbosity)
	// Kubernetes' text logger takes os.Stderr as it finds it now and has no
	// option to take another.
	stderr := os.Stderr
	os.Stderr = file
	err = logsapi.ValidateAndApply(options, nil)
	os.Stderr = stderr
	klog.LogToStderr(false)
	klog.SetOutput(file)
	rest.SetDefaultWarningHandler(rest.NoWarnings{})
	if err != nil {
		return fmt.Errorf("log: %w", err)
	}
	return nil
}
