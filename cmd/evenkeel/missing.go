package main

import (
	"context"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
)

// missingCommands refuses what internal/client/kube cannot do yet; it goes when
// that package has these methods.
type missingCommands struct{}

func missing(what string) error {
	return fault.New(fault.Unsupported, "%s is not wired yet", what)
}

func (missingCommands) Create(context.Context, *v1alpha1.Application) (*v1alpha1.Application, error) {
	return nil, missing("create")
}

func (missingCommands) Update(context.Context, *v1alpha1.Application) (*v1alpha1.Application, error) {
	return nil, missing("update")
}

func (missingCommands) Sync(context.Context, string, string, v1alpha1.Operation) error {
	return missing("sync")
}

func (missingCommands) Refresh(context.Context, string, string, string) error {
	return missing("refresh")
}

func (missingCommands) Delete(context.Context, string, string, string) error {
	return missing("delete")
}
