// Package download takes files out of archives, or single files, from the web or the
// disk. It chooses: it decides the digest of each and which of its files land where;
// and it packs: it returns these as entries of a layer, deflated once and kept in
// the store.
package download

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/segment"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Env is what downloads are fetched with and kept in.
type Env struct {
	Client   *fetch.Client
	Store    *store.Store
	Segments *segment.Cache
	// listed holds the digests of the listings that this process noted, by key.
	listed sync.Map
}

// Scope is what of the whole layer counts for its downloads.
type Scope struct {
	Architectures []string
	// Triggers is the digest of the triggers, zero of none.
	Triggers store.Digest
	// Excluded reports whether a layer path is left out, CheckFile refuses a file
	// that the layer cannot hold, which an element brings.
	Excluded  func(path string) bool
	CheckFile func(at fault.Path, path, machine string) error
	// Unchanged is set where the old locks are of the same architectures and
	// patterns.
	Unchanged bool
}

const (
	// workers is how many archives are read at once.
	workers = 4
	// memoAge is how long the digest of an address is remembered.
	memoAge = time.Hour
)

// Spec asks for files out of an archive, or for a single file.
type Spec struct {
	// URL is an address by http, https or file, or a path.
	URL string
	// SHA256 is in hexadecimal; "" takes what is there when it is first
	// resolved. That of a path is then whatever it holds, as with local files.
	SHA256 string
	// Architecture makes the element count for layers of that one alone; "":
	// for all.
	Architecture string
	// AsIs takes an archive as a file.
	AsIs bool
	// Strip drops so many leading components of the paths in the archive.
	Strip int
	// Files maps globs over paths in the archive to layer paths; one that
	// ends in "/" keeps the name. Without, everything lands below Target, and
	// a single file at it, or in it where it ends in "/".
	Files  map[string]string
	Target string
}

// Lock is one element of downloads, as it was when it was resolved.
type Lock struct {
	// URL is where the file lies, or Path: one of them is set.
	URL    fetch.Address `json:"url,omitzero"`
	Path   string        `json:"path,omitempty"`
	SHA256 store.Digest  `json:"sha256"`
	Size   int64         `json:"size"`
	// Pinned is set where the digest is not the user's but what was found;
	// Triggers is then the digest of the triggers at the time, zero where
	// there were none.
	Pinned   bool         `json:"pinned,omitempty"`
	Triggers store.Digest `json:"triggers,omitzero"`
	// Skipped is how many elements before it are for another architecture.
	Skipped      int               `json:"skipped,omitempty"`
	Architecture string            `json:"architecture,omitempty"`
	AsIs         bool              `json:"asIs,omitempty"`
	Strip        int               `json:"strip,omitempty"`
	Files        map[string]string `json:"files,omitempty"`
	Target       string            `json:"target,omitempty"`
}

// Check finds what can be known wrong without reading anything: a *fault.Error.
func (d Spec) Check(at fault.Path) error {
	malformed := func(format string, a ...any) error {
		return &fault.Error{At: at, Summary: fmt.Sprintf("Malformed element %s", at), Detail: fmt.Sprintf(format, a...)}
	}
	if err := d.checkURL(at); err != nil {
		return err
	}
	if _, err := store.ParseDigest(d.SHA256); d.SHA256 != "" && err != nil {
		return malformed("%q is not a SHA-256: write 64 hexadecimal digits.", d.SHA256)
	}
	switch {
	case d.Architecture != "" && !slices.Contains(runtimes.Architectures(), d.Architecture):
		return &fault.Error{At: at.At("architecture"), Summary: fmt.Sprintf("Unknown architecture %q", d.Architecture), Detail: "Lambda runs \"x86_64\" and \"arm64\"."}
	case d.Strip < 0:
		return malformed("strip_components cannot be negative.")
	case d.Files != nil && len(d.Files) == 0:
		return malformed("files is empty. Remove it to take everything.")
	case d.Files != nil && (d.Strip > 0 || d.Target != ""):
		return malformed("target and strip_components cannot be used together with files. Write the layer path of each file in files.")
	case d.AsIs && (d.Strip > 0 || d.Files != nil):
		return malformed("With extract = false the archive is one file, so files and strip_components cannot be used. Write target.")
	}
	for _, glob := range slices.Sorted(maps.Keys(d.Files)) {
		if err := filetree.CheckPattern(glob); err != nil {
			return fault.Tie(at, fmt.Sprintf("Malformed pattern %q", glob), err)
		}
		if err := checkTarget(d.Files[glob]); err != nil {
			return fault.Tie(at, fmt.Sprintf("Malformed target of %q", glob), err)
		}
	}
	if d.Target == "" {
		return nil
	}
	if err := checkTarget(d.Target); err != nil {
		return fault.Tie(at, fmt.Sprintf("Malformed target of %s", at), err)
	}
	return nil
}

// checkTarget accepts the path of a file or, with a slash at its end, a folder.
func checkTarget(target string) error {
	if target == "./" {
		return nil
	}
	_, err := filetree.CleanTarget(strings.TrimSuffix(target, "/"))
	return err
}

// checkURL refuses what cannot be reached, and what would be kept in the state
// and must not be. A query is part of many addresses; one that is signed, or
// holds a token, is a credential.
func (d Spec) checkURL(at fault.Path) error {
	at = at.At("url")
	if d.URL == "" {
		return &fault.Error{At: at, Summary: "A download without an address", Detail: "It has no url: write an address or a path. " + fault.DroppedNames}
	}
	if _, local := localPath(d.URL); local {
		return nil
	}
	_, err := fetch.ParseOwnAddress(d.URL)
	var refused *fetch.AddressError
	if !errors.As(err, &refused) {
		return fault.Tie(at, "Malformed address of a download", err)
	}
	switch refused.Reason {
	case fetch.AddressCredentials:
		return &fault.Error{
			At: at, Summary: fmt.Sprintf("Credentials in the address of a download at %q", refused.Host), Err: err,
			Detail: "They would be kept in the state. Write the address without them, and the user and password into netrc.",
		}
	case fetch.AddressQuery:
		return &fault.Error{
			At: at, Summary: fmt.Sprintf("A secret in the address of a download at %q", refused.Host), Err: err,
			Detail: fmt.Sprintf("%q in its query looks like a signature or a token: it would be kept in the state, and a signed address expires before the layer can be built again. Write an address without it, and the user and password or token into netrc; or fetch the file beforehand, and write its path.", refused.Query),
		}
	case fetch.AddressFragment:
		return &fault.Error{
			At: at, Summary: fmt.Sprintf("A query or fragment in the address of a download at %q", refused.Host), Err: err,
			Detail: "A file is addressed by its path, and a token in a query would be kept in the state. Write the address without them.",
		}
	case fetch.AddressLong:
		return fault.Tie(at, "The address of a download is too long", err)
	}
	return &fault.Error{At: at, Summary: "Malformed address of a download", Err: err, Detail: "An address starts with https://, http:// or file://. Anything without \"://\" is a path."}
}

// localPath returns the path that an address without a host, or none, names.
func localPath(address string) (name string, local bool) {
	if !strings.Contains(address, "://") {
		return strings.ReplaceAll(address, `\`, "/"), true
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "file" || u.Host != "" && u.Host != "localhost" || u.Path == "" {
		return "", false
	}
	name = u.Path
	if len(name) > 2 && name[2] == ':' { // file:///C:/…
		name = name[1:]
	}
	return name, true
}

// fileName returns the name that the file has by its address or path.
func (l *Lock) fileName() string {
	name := l.URL.Base()
	if l.Path != "" {
		name = path.Base(l.Path)
	}
	if clean, err := filetree.CleanTarget(name); err != nil || clean == "." || name == "" {
		return "download"
	}
	return name
}

// where names the file in messages.
func (l *Lock) where() string {
	if l.Path != "" {
		return l.Path
	}
	return fetch.Redact(l.URL.String())
}

// Choose decides the digests of downloads, and looks into archives that are new.
// What did not change since the old locks is neither fetched nor read. What a user
// can act on is a *fault.Error.
func Choose(ctx context.Context, open func() (*Env, error), specs []Spec, scope Scope, old []Lock) ([]Lock, error) {
	locks, faults := make([]*Lock, len(specs)), make([]error, len(specs))
	skipped := 0
	var g errgroup.Group
	g.SetLimit(workers) // each may unpack an archive
	for i, d := range specs {
		if d.Architecture != "" && !slices.Contains(scope.Architectures, d.Architecture) {
			skipped++
			continue
		}
		before := skipped
		g.Go(func() error {
			at := fault.At("downloads").Index(i)
			l, err := d.lock(ctx, scope, before)
			if err == nil {
				err = l.choose(ctx, at, open, scope, old)
			}
			if err == nil && d.SHA256 != "" && strings.Trim(d.SHA256, "0") == "" {
				err = fmt.Errorf("its sha256 is a placeholder: the file there now has %s; write that, if you trust the file", l.SHA256.Hex())
			}
			locks[i], faults[i] = l, l.explain(at, err)
			return nil // all faults are reported at once
		})
	}
	if err := errors.Join(g.Wait(), errors.Join(faults...)); err != nil {
		return nil, err
	}
	var out []Lock
	for _, l := range locks {
		if l != nil {
			out = append(out, *l)
		}
	}
	return out, nil
}

// lock returns what is known of an element without asking anybody, of a file on
// disk its digest; some elements before it were skipped.
func (d Spec) lock(ctx context.Context, scope Scope, skipped int) (*Lock, error) {
	l := &Lock{Skipped: skipped, Architecture: d.Architecture, AsIs: d.AsIs, Strip: d.Strip, Files: d.Files, Target: d.Target}
	// A malformed digest is refused by Check.
	l.SHA256, _ = store.ParseDigest(d.SHA256)
	var local bool
	if l.Path, local = localPath(d.URL); local {
		return l, l.sumLocal(ctx)
	}
	var err error
	if l.URL, err = fetch.ParseOwnAddress(d.URL); err == nil && l.SHA256.IsZero() {
		l.Pinned, l.Triggers = true, scope.Triggers
	}
	return l, err
}

// choose completes the lock by what the old one, the server and the archive tell.
func (l *Lock) choose(ctx context.Context, at fault.Path, open func() (*Env, error), scope Scope, old []Lock) error {
	if l.isKnown(scope, old) {
		return nil
	}
	e, err := open()
	if err != nil {
		return err
	}
	if l.SHA256.IsZero() {
		if err := e.pin(ctx, l); err != nil {
			return err
		}
	}
	listing, err := e.listing(ctx, l, false)
	if err != nil {
		return err
	}
	landed, err := l.land(listing, scope.Excluded)
	if err != nil {
		return err
	}
	for _, f := range landed {
		if err := scope.CheckFile(at, f.path, f.member.Machine); err != nil {
			return err
		}
	}
	return nil
}

// sumLocal takes the digest and size of a file on disk.
func (l *Lock) sumLocal(ctx context.Context) error {
	sum, size, err := store.SumFile(ctx, filepath.FromSlash(l.Path))
	if err != nil {
		return fmt.Errorf("reading a local archive: %w", err)
	}
	if !l.SHA256.IsZero() && l.SHA256 != sum {
		return &store.DigestError{Want: l.SHA256, Got: sum, Size: size}
	}
	l.SHA256, l.Size = sum, size
	return nil
}

// isKnown completes the line from the old locks, and reports whether nothing is left
// to be checked. A pin stays where all else changed: only triggers move it.
func (l *Lock) isKnown(scope Scope, old []Lock) bool {
	for _, before := range old {
		if before.URL != l.URL || before.Path != l.Path || before.Pinned != l.Pinned || before.Triggers != l.Triggers || !l.Pinned && before.SHA256 != l.SHA256 {
			continue
		}
		l.SHA256, l.Size = before.SHA256, before.Size
		if reflect.DeepEqual(before, *l) {
			return scope.Unchanged
		}
	}
	return false
}

// pin takes the digest that an address has now, or had within the last hour.
func (e *Env) pin(ctx context.Context, l *Lock) error {
	type found struct {
		SHA256 store.Digest
		Size   int64
	}
	here := func(f found) bool { return e.Store.Has(f.SHA256, f.Size) }
	f, err := store.Recall(e.Store, "downloads", l.URL.String()+" "+l.Triggers.Hex(), memoAge, here, func() (_ found, err error) {
		f, err := e.Client.Blob(ctx, fetch.Source{URL: l.URL.String(), MaxBytes: maxBytes})
		if err != nil {
			return found{}, err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		sum, size, err := store.SumReader(ctx, f)
		return found{sum, size}, err
	})
	l.SHA256, l.Size = f.SHA256, f.Size
	return err
}

// explain ties an error to the element, and says what to do about it.
func (l *Lock) explain(at fault.Path, err error) error {
	if err == nil || fault.Tied(err) {
		return err
	}
	shown := l.where()
	if wrong, ok := errors.AsType[*store.DigestError](err); ok {
		return &fault.Error{
			At: at, Summary: fmt.Sprintf("The download %q is another file", shown),
			Detail: fmt.Sprintf("It has the SHA-256 %s and %d bytes, but %s is required, so nothing of it was used. If the publisher replaced the file and you trust the new one, write its digest.", wrong.Got, wrong.Size, wrong.Want), Err: err,
		}
	}
	if status, ok := errors.AsType[*fetch.StatusError](err); ok && fetch.IsUnauthorized(err) {
		return &fault.Error{At: at, Summary: fmt.Sprintf("The download %q is refused", shown), Detail: refusal(status), Err: err}
	}
	if errors.Is(err, os.ErrNotExist) {
		return &fault.Error{At: at, Summary: fmt.Sprintf("There is no file %q", shown), Detail: fault.Sentence(err.Error()) + " Paths are relative to the directory that Terraform runs in; write \"${path.module}/…\".", Err: err}
	}
	return fault.Tie(at, fmt.Sprintf("The download %q cannot be used", shown), err)
}

// refusal says whose credentials a server refused, and where they belong: a
// download has no index whose address could hold them.
func refusal(status *fetch.StatusError) string {
	answer := fmt.Sprintf("%s answered %d", status.URL, status.Code)
	if status.Credentials == "" {
		return answer + ", and no credentials were sent: write those of this host into a netrc file (NETRC, or .netrc in the home directory), or fetch the file beforehand and write its path."
	}
	return fault.Sentence(status.Error()) + " They may have expired, or lack the right to read it."
}

// Notes says of downloads whose digest nobody gave what they are locked to.
func Notes(all []Lock) []string {
	var notes []string
	for _, d := range all {
		if d.Pinned {
			notes = append(notes, fmt.Sprintf("%q has no sha256, so the state locks the file that this plan found. To check the file on every machine from the start, write sha256 = \"%s\".", d.where(), d.SHA256.Hex()))
		}
	}
	return notes
}
