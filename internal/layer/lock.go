package layer

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/download"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/image"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/local"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/prune"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layerzip"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// lockFormat is the version of the lock's own shape. It rises when a lock of
// before can no longer be built to the same bytes.
const lockFormat = 1

// Lock is the whole recipe of a layer: what, from where, which digest, to
// which path. It holds no path of a machine but those the user wrote, no
// credential and no timestamp.
type Lock struct {
	// Format is the lock's version, Layout the zip writer's.
	Format        int               `json:"format"`
	Layout        int               `json:"layout"`
	Runtimes      []string          `json:"runtimes"`
	Architectures []string          `json:"architectures"`
	Python        *python.Lock      `json:"python,omitempty"`
	NodeJS        *nodejs.Lock      `json:"nodejs,omitempty"`
	Files         []local.Lock      `json:"files,omitempty"`
	Downloads     []download.Lock   `json:"downloads,omitempty"`
	Images        []image.Lock      `json:"images,omitempty"`
	Builds        []image.BuildLock `json:"builds,omitempty"`
	Exclude       []string          `json:"exclude,omitempty"`
	Prune         *PruneLock        `json:"prune,omitempty"`
	Keep          []string          `json:"keep,omitempty"`
	Executables   []string          `json:"executables,omitempty"`
	// Kind is KindFunction, or "" for a layer.
	Kind string `json:"kind,omitempty"`
}

// Encode returns the lock as compact JSON, the same bytes for the same lock.
func (l *Lock) Encode() (string, error) { return encode(l) }

func encode(lock any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(lock); err != nil {
		return "", fmt.Errorf("encoding the lock: %w", err)
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), nil
}

// lockFile is a lock in a file beside the zip that it is of.
type lockFile struct {
	*Lock
	Zip store.Digest `json:"zip,omitzero"`
}

// EncodeFor returns the lock for a file beside its zip, whose digest it names.
// DecodeLock reads it too.
func (l *Lock) EncodeFor(zip store.Digest) (string, error) { return encode(lockFile{l, zip}) }

// DecodeLock reads what Encode wrote. A lock of another format or layout is an
// error that says so: its bytes could not be met.
func DecodeLock(text string) (*Lock, error) {
	l, _, err := DecodeLockOf(text)
	return l, err
}

// DecodeLockOf reads what Encode or EncodeFor wrote. It also returns the digest of
// the zip that the lock is of, zero where the text does not tell.
func DecodeLockOf(text string) (l *Lock, zip store.Digest, err error) {
	file := lockFile{Lock: &Lock{}}
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil {
		return nil, zip, fmt.Errorf("reading the lock: %w", err)
	}
	l = file.Lock
	if l.Format != lockFormat || l.Layout != layerzip.Format {
		return nil, zip, fmt.Errorf("reading the lock: it has format %d and layout %d, and this version of the provider writes %d and %d: "+
			"plan again with this version, or use the version that wrote it", l.Format, l.Layout, lockFormat, layerzip.Format)
	}
	if l.Prune != nil && l.Prune.Rules != prune.Rules {
		return nil, zip, fmt.Errorf("reading the lock: its prune presets have version %d, and this version of the provider has %d: "+
			"plan again with this version, or use the version that wrote it", l.Prune.Rules, prune.Rules)
	}
	return l, file.Zip, nil
}

// Digest identifies the recipe: the SHA-256 of its encoding.
func (l *Lock) Digest() (store.Digest, error) {
	text, err := l.Encode()
	return store.Sum([]byte(text)), err
}

// PruneLock is what the lock holds of prune.
type PruneLock struct {
	// Rules is the version of what the presets leave out.
	Rules   int      `json:"rules"`
	Presets []string `json:"presets"`
}

// spec is as much of the Spec that the lock was made of as a build needs.
func (l *Lock) spec() Spec {
	return Spec{Runtimes: l.Runtimes, Architectures: l.Architectures, Exclude: l.Exclude, Keep: l.Keep}
}
