package layer

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

	"golang.org/x/sync/errgroup"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/secret"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// DownloadSpec asks for files out of an archive, or for a single file.
type DownloadSpec struct {
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

// DownloadLock is one element of downloads, as it was when it was resolved.
type DownloadLock struct {
	URL    string       `json:"url"`
	SHA256 store.Digest `json:"sha256"`
	Size   int64        `json:"size"`
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

// check finds what can be known wrong without reading anything.
func (d DownloadSpec) check(at fault.Path) error {
	malformed := func(format string, a ...any) error {
		return &fault.Error{At: at, Summary: fmt.Sprintf("Malformed element %s", at), Detail: fmt.Sprintf(format, a...)}
	}
	if err := d.checkURL(at); err != nil {
		return err
	}
	if _, err := store.ParseDigest(d.SHA256); d.SHA256 != "" && err != nil {
		return malformed("%q is no SHA-256: write 64 hexadecimal digits.", d.SHA256)
	}
	switch {
	case d.Architecture != "" && !slices.Contains(runtimes.Architectures(), d.Architecture):
		return &fault.Error{At: at.At("architecture"), Summary: fmt.Sprintf("Unknown architecture %q", d.Architecture), Detail: "Lambda runs \"x86_64\" and \"arm64\"."}
	case d.Strip < 0:
		return malformed("strip_components cannot be negative.")
	case d.Files != nil && len(d.Files) == 0:
		return malformed("files chooses nothing. Leave it out to take everything.")
	case d.Files != nil && (d.Strip > 0 || d.Target != ""):
		return malformed("files says of each file where it lands: target and strip_components are for elements without it.")
	case d.AsIs && (d.Strip > 0 || d.Files != nil):
		return malformed("extract = false takes the file as it is: files and strip_components are for archives. Write target.")
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
func (d DownloadSpec) checkURL(at fault.Path) error {
	if d.URL == "" {
		return &fault.Error{At: at, Summary: fmt.Sprintf("Malformed element %s", at), Detail: "It has no url: write an address or a path. " + fault.DroppedNames}
	}
	if _, local := localPath(d.URL); local {
		return nil
	}
	u, err := url.Parse(d.URL)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return &fault.Error{At: at, Summary: "Malformed address of a download", Detail: "An address starts with https://, http:// or file://. Anything without \"://\" is a path."}
	}
	if u.RawQuery == "" {
		return checkAddress(at, d.URL, "a download")
	}
	if key := secret.QueryName(d.URL); key != "" {
		return &fault.Error{
			At: at, Summary: fmt.Sprintf("A secret in the address of a download at %q", u.Host),
			Detail: fmt.Sprintf("%q in its query looks like a signature or a token: it would be kept in the state, and a signed address expires before the layer can be built again. Write an address without it, and the user and password or token into netrc; or fetch the file beforehand, and write its path.", key),
		}
	}
	u.RawQuery = ""
	return checkAddress(at, u.String(), "a download")
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

// fileName returns the name that a single file has by its address.
func fileName(address string) string {
	name, local := localPath(address)
	if u, err := url.Parse(address); !local && err == nil {
		name = u.Path
	}
	name = path.Base(name)
	if clean, err := filetree.CleanTarget(name); err != nil || clean == "." {
		return "download"
	}
	return name
}

// downloadSpecs are the elements of downloads.
type downloadSpecs []DownloadSpec

func (all downloadSpecs) check(Spec) error {
	var faults []error
	for i, d := range all {
		faults = append(faults, d.check(fault.At("downloads").Index(i)))
	}
	return errors.Join(faults...)
}

// choose decides the digests of the downloads, and looks into archives that are
// new. What did not change is neither fetched nor read.
func (all downloadSpecs) choose(ctx context.Context, r *resolution) error {
	locks, faults := make([]*DownloadLock, len(all)), make([]error, len(all))
	skipped := 0
	var g errgroup.Group
	g.SetLimit(packWorkers) // each may unpack an archive
	for i, d := range all {
		if d.Architecture != "" && !slices.Contains(r.spec.Architectures, d.Architecture) {
			skipped++
			continue
		}
		before := skipped
		g.Go(func() (err error) {
			locks[i], err = r.lockDownload(ctx, d, before)
			faults[i] = downloadError(fault.At("downloads").Index(i), d.URL, err)
			return nil // all faults are told at once
		})
	}
	if err := errors.Join(append(faults, g.Wait())...); err != nil {
		return err
	}
	for _, l := range locks {
		if l != nil {
			r.now.Downloads = append(r.now.Downloads, *l)
		}
	}
	return nil
}

// lockDownload returns the line of one element, before which some were skipped.
func (r *resolution) lockDownload(ctx context.Context, d DownloadSpec, skipped int) (*DownloadLock, error) {
	l := &DownloadLock{URL: d.URL, Skipped: skipped, Architecture: d.Architecture, AsIs: d.AsIs, Strip: d.Strip, Files: d.Files, Target: d.Target}
	// A malformed digest is refused by check.
	l.SHA256, _ = store.ParseDigest(d.SHA256)
	placeholder := d.SHA256 != "" && l.SHA256.IsZero()
	if name, local := localPath(d.URL); local {
		if err := l.sumLocal(name); err != nil {
			return nil, err
		}
	} else if l.SHA256.IsZero() {
		l.Pinned, l.Triggers = true, r.triggers
	}
	if l.known(r.spec, r.old) {
		return l, nil
	}
	c, err := r.builder.open()
	if err != nil {
		return nil, err
	}
	if l.SHA256.IsZero() {
		if err := c.pin(ctx, l); err != nil {
			return nil, err
		}
	}
	if placeholder {
		return nil, fmt.Errorf("its sha256 is a placeholder: the file there now has %s; write that, if you trust the file", l.SHA256.Hex())
	}
	listing, err := c.listing(ctx, l)
	if err != nil {
		return nil, err
	}
	placed, err := l.place(listing, r.spec.excluded)
	if err != nil {
		return nil, err
	}
	for _, p := range placed {
		if err := r.spec.checkFile(filetree.File{Path: p.path, Machine: p.member.Machine}); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// sumLocal takes the digest and size of a file on disk.
func (l *DownloadLock) sumLocal(name string) (err error) {
	f, err := os.Open(filepath.FromSlash(name))
	if err != nil {
		return fmt.Errorf("reading a local archive: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	sum, size, err := store.SumReader(f)
	if err != nil {
		return fmt.Errorf("reading %q: %w", name, err)
	}
	if !l.SHA256.IsZero() && l.SHA256 != sum {
		return &store.DigestError{Want: l.SHA256, Got: sum, Size: size}
	}
	l.SHA256, l.Size = sum, size
	return nil
}

// known completes the line from the old lock, and reports whether nothing is
// left to be checked. A pin stays where all else changed: only triggers move it.
func (l *DownloadLock) known(s Spec, old *Lock) bool {
	for _, before := range old.Downloads {
		if before.URL != l.URL || before.Pinned != l.Pinned || before.Triggers != l.Triggers || !l.Pinned && before.SHA256 != l.SHA256 {
			continue
		}
		l.SHA256, l.Size = before.SHA256, before.Size
		if reflect.DeepEqual(before, *l) {
			return slices.Equal(old.Architectures, s.Architectures) && slices.Equal(old.Exclude, s.Exclude) && slices.Equal(old.Keep, s.Keep)
		}
	}
	return false
}

// pin takes the digest that an address has now, or had within the last hour.
func (c *cache) pin(ctx context.Context, l *DownloadLock) error {
	type found struct {
		SHA256 store.Digest
		Size   int64
	}
	here := func(f found) bool { return c.store.Has(f.SHA256, f.Size) }
	f, err := store.Recall(c.store, "downloads", l.URL+" "+l.Triggers.Hex(), memoAge, here, func() (_ found, err error) {
		f, err := c.client.Blob(ctx, fetch.Source{URL: l.URL, MaxBytes: maxDownload})
		if err != nil {
			return found{}, err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		sum, size, err := store.SumReader(f)
		return found{sum, size}, err
	})
	l.SHA256, l.Size = f.SHA256, f.Size
	return err
}

// downloadError ties an error to the element, and says what to do about it.
func downloadError(at fault.Path, address string, err error) error {
	if err == nil {
		return nil
	}
	err = nativeFault(at, err)
	shown := address
	if _, local := localPath(address); !local {
		shown = fetch.Redact(address)
	}
	if fault.Tied(err) {
		return err
	}
	if wrong, ok := errors.AsType[*store.DigestError](err); ok {
		return &fault.Error{
			At: at, Summary: fmt.Sprintf("The download %q is another file", shown),
			Detail: fmt.Sprintf("It has the SHA-256 %s and %d bytes, and %s is wanted: nothing of it was used. Where the publisher replaced the file and you trust the new one, write its digest.", wrong.Got, wrong.Size, wrong.Want), Err: err,
		}
	}
	if status, ok := errors.AsType[*fetch.StatusError](err); ok && fetch.IsUnauthorized(err) {
		return &fault.Error{At: at, Summary: fmt.Sprintf("The download %q is refused", shown), Detail: refusal(status), Err: err}
	}
	if errors.Is(err, os.ErrNotExist) {
		return &fault.Error{At: at, Summary: fmt.Sprintf("There is no file %q", shown), Detail: sentence(err) + " Paths are relative to the directory that Terraform runs in; write \"${path.module}/…\".", Err: err}
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
	return Sentence(status.Error()) + " They may have expired, or lack the right to read it."
}

// warnings says of downloads whose digest nobody gave what they are locked to.
func (all downloadLocks) warnings() []Warning {
	var notes []string
	for _, d := range all {
		if d.Pinned {
			notes = append(notes, fmt.Sprintf("%q has no sha256: it is locked to what was found there first. To hold every machine to it from the start, write sha256 = \"%s\".", fetch.Redact(d.URL), d.SHA256.Hex()))
		}
	}
	return noted(fault.At("downloads"), "Downloads without a digest", notes)
}
