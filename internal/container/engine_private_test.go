//go:build engine

package container

import (
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/moby/moby/client"
)

// TestEngineReadsPrivateImages has the engine build from images of a registry on
// loopback: one that anybody gets a token for, one that needs a login.
func TestEngineReadsPrivateImages(t *testing.T) {
	t.Parallel()
	if isPodman(t) {
		t.Log("Podman reaches no registry without TLS that its registries.conf does not name")
		return
	}
	host := serve(t, tokens)
	for _, c := range []struct{ name, image, config, fault string }{
		{"anybody", "/public/base:1", "", ""},
		{"login", "/private/base:1", `{"auths":{"HOST":{"auth":"` + loginText + `"}}}`, ""},
		{"nobody", "/private/base:2", "", "nauthorized"},
		{"helper", "/private/base:3", `{"credHelpers":{"HOST":"absent"}}`, `"docker-credential-absent"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			image := host + c.image
			pushed(t, image, "amd64", packed(t, program("opt/tool", c.image)))
			dir := writeFiles(t, map[string]string{"Dockerfile": "FROM " + image + "\nCOPY present /present\n", "present": "p"})
			environment := configured(t, host, c.config)
			getenv := func(key string) string {
				if strings.HasPrefix(key, "DOCKER_") && key != "DOCKER_CONFIG" {
					return os.Getenv(key)
				}
				return environment(key)
			}
			got, _, err := buildAs(t, getenv, Recipe{Context: dir, Platform: "linux/amd64"}, Files{"/opt/tool": "bin/"})
			if c.fault == "" {
				if err != nil || got["bin/tool"] != c.image {
					t.Errorf("got %q and %v", got, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.fault) {
				t.Fatalf("got %v, want an error that says %s", err, c.fault)
			}
			if strings.Contains(c.fault, "credential") && !strings.Contains(err.Error(), "no program is run") {
				t.Errorf("got %v, want the program that keeps the credentials", err)
			}
		})
	}
}

func isPodman(t *testing.T) bool {
	t.Helper()
	place, err := findEngine(os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	api, err := client.New(place.options("")...)
	if err != nil {
		t.Fatal(err)
	}
	version, err := api.ServerVersion(t.Context(), client.ServerVersionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range version.Components {
		if strings.Contains(c.Name, "Podman") {
			return true
		}
	}
	return false
}

// TestEngineKeepsHardLinks takes files that are one file in the image.
func TestEngineKeepsHardLinks(t *testing.T) {
	t.Parallel()
	archive := packed(t, program("opt/deep/bin/tool", "tool"), hard("opt/deep/bin/again", "opt/deep/bin/tool"), hard("opt/far", "opt/deep/bin/tool"))
	dir := writeFiles(t, map[string]string{"Dockerfile": "FROM scratch\nADD linked.tar /\n", "linked.tar": string(archive)})
	for from, want := range map[string]map[string]string{
		"/opt/deep/bin/":   {"tool": "tool", "again": "tool"},
		"/opt/deep":        {"bin/tool": "tool", "bin/again": "tool"},
		"/opt/**/t*":       {"tool": "tool"},
		"/opt/far":         {"far": "tool"},
		"/opt/deep/bin/a*": {"again": "tool"},
	} {
		got, _, err := buildWith(t, Recipe{Context: dir, Platform: "linux/amd64"}, Files{from: "./"})
		if err != nil || !maps.Equal(got, want) {
			t.Errorf("%s: got %q and %v, want %q", from, got, err, want)
		}
	}
}
