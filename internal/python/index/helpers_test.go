package index

import (
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

var (
	py312 = wheel.Target{Runtime: "python3.12", Minor: 12, Arch: "x86_64", Glibc: 34}
)

// newClient returns a client with an empty store, and that store.
func newClient(t *testing.T, change func(*fetch.Options)) (*fetch.Client, *store.Store) {
	t.Helper()
	st, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	o := fetch.Options{Store: st, NetrcPath: t.TempDir() + "/none", Retries: -1}
	if change != nil {
		change(&o)
	}
	c, err := fetch.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c, st
}

const chain = `
a 1.0
a 2.0
  requires: b>=2
b 2.0
  requires: c
c 1.0
`
