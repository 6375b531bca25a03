package main

import (
	"embed"
	"io/fs"
)

// What the demo shows: the repository's files, and an Application for each folder.
var (
	//go:embed all:repo
	embeddedRepo embed.FS
	//go:embed applications
	embeddedApplications embed.FS
)

// content is what is put into the Git server, and the Applications made of it.
type content struct {
	repo         fs.FS
	applications fs.FS
}

func demoContent() (content, error) {
	repo, err := fs.Sub(embeddedRepo, "repo")
	if err != nil {
		return content{}, err
	}
	applications, err := fs.Sub(embeddedApplications, "applications")
	return content{repo: repo, applications: applications}, err
}

func (c content) read(name string) (string, error) {
	text, err := fs.ReadFile(c.repo, name)
	return string(text), err
}
