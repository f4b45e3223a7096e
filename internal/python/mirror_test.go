package python

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pythontest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// publicServer stands for the public index's file server, and notes who else
// is asked.
type publicServer struct {
	wheel []byte // nil: it cannot be reached

	mu    sync.Mutex
	asked []string
}

func (p *publicServer) RoundTrip(req *http.Request) (*http.Response, error) {
	p.mu.Lock()
	p.asked = append(p.asked, req.URL.Host+req.URL.Path)
	p.mu.Unlock()
	if req.URL.Hostname() != "files.pythonhosted.org" {
		return http.DefaultTransport.RoundTrip(req)
	}
	if p.wheel == nil {
		return nil, io.ErrUnexpectedEOF
	}
	return &http.Response{
		StatusCode: http.StatusOK, ProtoMajor: 1, Header: http.Header{}, Request: req,
		ContentLength: int64(len(p.wheel)), Body: io.NopCloser(bytes.NewReader(p.wheel)),
	}, nil
}

func TestWheelsOfThePublicIndexComeFromItsStandIn(t *testing.T) {
	t.Parallel()
	const name = "idna-3.7-py3-none-any.whl"
	good := indextest.New(t, "idna 3.7\n")
	content, digest := good.Wheel(name)
	other := indextest.New(t, "idna 3.7\n  file: idna/more.py: X = 1\n")
	empty := indextest.New(t, "requests 1\n")
	locked := indextest.New(t, "idna 3.7\n", indextest.WithAuth("somebody", "else"))
	for _, c := range []struct {
		name      string
		indexes   []index.Index
		reachable bool
		public    bool   // whether the public server is asked
		want      string // in the error
	}{
		{"nothing configured", nil, true, true, ""},
		{"the public index too", []index.Index{{URL: good.URL()}, {URL: index.DefaultIndex}}, true, true, ""},
		{"for other names alone", []index.Index{{URL: good.URL(), Packages: []string{"acme-*"}}}, true, true, ""},
		{"stand-in", []index.Index{{URL: good.URL()}}, false, false, ""},
		{"second stand-in", []index.Index{{URL: empty.URL()}, {URL: good.URL()}}, false, false, ""},
		{"other bytes", []index.Index{{URL: other.URL()}}, true, true, ""},
		{"absent", []index.Index{{URL: empty.URL()}}, true, true, ""},
		{"refused", []index.Index{{URL: locked.URL()}}, true, true, ""},
		{"neither", []index.Index{{URL: other.URL()}}, false, true, "; and in its place: the index " + other.URL() + " has no file of its name and digest"},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			s, err := store.Open(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			server := &publicServer{}
			if c.reachable {
				server.wheel = content
			}
			client := fetch.New(fetch.Options{Store: s, Transport: server, Retries: -1})
			sum, err := store.ParseDigest(digest)
			if err != nil {
				t.Fatal(err)
			}
			lock := &wheel.Lock{Wheels: []wheel.Wheel{{
				Name: "idna", Version: "3.7", Filename: name, SHA256: sum, Pure: true, Targets: []string{pythontest.Py312.String()},
				URL: "https://files.pythonhosted.org/packages/ab/cd/" + name,
			}}}
			tree, err := treeIn(t, client, s, &Lock{Chosen: lock}, c.indexes, pythontest.Py312)
			if c.want != "" {
				if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "files.pythonhosted.org") {
					t.Fatalf("err = %v, want %s", err, c.want)
				}
			} else if err != nil || len(tree) == 0 {
				t.Fatalf("tree of %d files, %v", len(tree), err)
			}
			public := strings.Contains(strings.Join(server.asked, " "), "files.pythonhosted.org")
			if public != c.public {
				t.Errorf("the public server was asked: %t, want %t: %q", public, c.public, server.asked)
			}
			server.asked = nil
			if c.want == "" {
				if _, err := treeIn(t, client, s, &Lock{Chosen: lock}, c.indexes, pythontest.Py312); err != nil || len(server.asked) != 0 {
					t.Errorf("a second time: %v, and asked %q", err, server.asked)
				}
			}
		})
	}
}

// sharedWheel is a store.Remote with one object.
type sharedWheel struct {
	name    string
	content []byte
}

func (r *sharedWheel) String() string { return "mem://shared/" }

func (r *sharedWheel) Get(_ context.Context, name string) (io.ReadCloser, error) {
	if name != r.name {
		return nil, fs.ErrNotExist
	}
	return io.NopCloser(bytes.NewReader(r.content)), nil
}

func (r *sharedWheel) Has(_ context.Context, name string) (bool, error) { return name == r.name, nil }

func (r *sharedWheel) Put(context.Context, string, store.Object, bool) error { return nil }

// TestSharedWheelsComeBeforeTheStandIn asks neither the stand-in of the public
// index nor the index itself.
func TestSharedWheelsComeBeforeTheStandIn(t *testing.T) {
	t.Parallel()
	const name = "idna-3.7-py3-none-any.whl"
	idx := indextest.New(t, "idna 3.7\n")
	content, digest := idx.Wheel(name)
	sum, err := store.ParseDigest(digest)
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s = s.WithRemote(&sharedWheel{store.RemoteName(sum), content}, true)
	server := &publicServer{}
	client := fetch.New(fetch.Options{Store: s, Transport: server, Retries: -1})
	lock := &wheel.Lock{Wheels: []wheel.Wheel{{
		Name: "idna", Version: "3.7", Filename: name, SHA256: sum, Pure: true, Targets: []string{pythontest.Py312.String()},
		URL: "https://files.pythonhosted.org/packages/ab/cd/" + name,
	}}}
	tree, err := treeIn(t, client, s, &Lock{Chosen: lock}, []index.Index{{URL: idx.URL()}}, pythontest.Py312)
	if err != nil || len(tree) == 0 {
		t.Errorf("the tree has %d files, %v", len(tree), err)
	}
	if len(server.asked) != 0 {
		t.Errorf("%q were asked", server.asked)
	}
}
