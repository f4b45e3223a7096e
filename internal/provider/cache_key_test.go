package provider

import (
	"strings"
	"testing"
)

// TestKeyOfTheCacheIsRead gives the provider keys of the cache: a short one is refused
// by its variable, and none is shown.
func TestKeyOfTheCacheIsRead(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for key, want := range map[string]string{"hunter2-key": "LAYERBUILD_CACHE_KEY has 11 bytes", "hunter2-key-of-the-cache": ""} {
		p := newProtocol(t, map[string]string{"LAYERBUILD_CACHE_DIR": t.TempDir(), "LAYERBUILD_CACHE_KEY": key})
		if found := p.configure(blockOf(p.schemas.Provider.Block, nil)); found.failed() {
			t.Fatal(found)
		}
		of := p.schemas.ResourceSchemas["layerbuild_package"].Block
		_, _, found := p.plan("layerbuild_package", instance{}, blockOf(of, bases(p)["layerbuild_package"]))
		if found.failed() != (want != "") || !strings.Contains(found.String(), want) || strings.Contains(found.String(), key) {
			t.Errorf("with a key of %d bytes: %s", len(key), found)
		}
	}
}
