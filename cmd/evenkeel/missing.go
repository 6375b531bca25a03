package main

import (
	"context"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
)

// missingCommands refuses what internal/client/kube cannot do yet. It is embedded
// one level deeper than the client, whose methods win; it goes when the client
// has them all.
type missingCommands struct{}

type fallback struct{ missingCommands }

func missing(what string) error {
	return fault.New(fault.Unsupported, "%s is not wired yet", what)
}

func (missingCommands) Create(context.Context, *v1alpha1.Application) (*v1alpha1.Application, error) {
	return nil, missing("create")
}

func (missingCommands) Update(context.Context, *v1alpha1.Application) (*v1alpha1.Application, error) {
	return nil, missing("update")
}

func (missingCommands) Sync(context.Context, string, string, v1alpha1.Operation) (*v1alpha1.Application, error) {
	return nil, missing("sync")
}

func (missingCommands) Refresh(context.Context, string, string, string) (*v1alpha1.Application, error) {
	return nil, missing("refresh")
}

func (missingCommands) Delete(context.Context, string, string, string) error {
	return missing("delete")
}
