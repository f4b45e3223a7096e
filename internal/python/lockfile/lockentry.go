package lockfile

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/sdist"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/secret"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// lockEntry is one package of a lock file for a target, whatever the format.
type lockEntry struct {
	name, version    string
	files            []lockedFile   // its wheels
	source           *lockedFile    // its source distribution
	anyOf            []store.Digest // of all files of the version, where the lock file names none
	from             account        // the index that the lock file names
	direct           string         // its path or address, where it is not from an index
	folder           string         // of a project on disk
	codeless         bool           // nothing of it is to be installed but what it needs
	unfit            error          // why nothing of it can be packed
	requires, extras []string
}

// lockedFile is a file of an entry.
type lockedFile struct {
	name   string // of the file
	url    string // "" where the lock file gives none
	path   string // on disk, instead of url
	hashes map[string]string
	oneOf  []store.Digest // in place of hashes: of all files of the version
	size   int64
}

// fileAt returns the file at an address or a path.
func fileAt(place string) lockedFile {
	if strings.Contains(place, "://") {
		return lockedFile{name: pep508.FileOf(place), url: place}
	}
	return lockedFile{name: path.Base(strings.ReplaceAll(place, `\`, "/")), path: place}
}

// add adds a file by its name: a wheel, or the source distribution.
func (e *lockEntry) add(f lockedFile) {
	if strings.HasSuffix(f.name, ".whl") {
		e.files = append(e.files, f)
		return
	}
	e.source = &f
}

// sha256Only returns the hashes of a "sha256:<hex>" text.
func sha256Only(text string) map[string]string {
	algorithm, hex, _ := strings.Cut(text, ":")
	if hex == "" {
		return nil
	}
	return map[string]string{algorithm: hex}
}

func (e *lockEntry) title() string { return strings.TrimSpace(e.name + " " + e.version) }

// best returns the wheel that the target prefers, or the source distribution that one
// is made of, or a *NoWheel.
func (r *lockReader) best(e *lockEntry, t wheel.Target) (lockedFile, wheel.NameTags, error) {
	best, w, rejected := e.choose(e.files, t)
	if best >= 0 {
		return e.files[best], w, nil
	}
	if f, w, ok := r.fromSource(e); ok {
		return f, w, nil
	}
	return lockedFile{}, wheel.NameTags{}, r.noWheel(e, t, rejected)
}

// choose returns the place of the wheel of the entry that the target prefers, or -1, and
// why others do not fit.
func (e *lockEntry) choose(files []lockedFile, t wheel.Target) (best int, name wheel.NameTags, rejected []wheel.Rejected) {
	best, bestRank := -1, 0
	if len(files) == 0 {
		return best, name, nil
	}
	tags := t.Tags()
	for i, f := range files {
		w, misfit := e.wheel(f)
		if misfit.Fits() {
			misfit = tags.Misfit(w)
		}
		if !misfit.Fits() {
			rejected = append(rejected, wheel.Rejected{Filename: f.name, Misfit: misfit})
			continue
		}
		rank, _ := tags.Rank(w)
		if best < 0 || cmp.Or(cmp.Compare(rank, bestRank), name.CompareBuild(w), cmp.Compare(f.name, files[best].name)) < 0 {
			best, bestRank, name = i, rank, w
		}
	}
	return best, name, rejected
}

// wheel reads the name of a file, and returns why it is none of the entry's.
func (e *lockEntry) wheel(f lockedFile) (wheel.NameTags, wheel.Misfit) {
	w, err := wheel.ParseWheelName(f.name)
	clause := ""
	switch {
	case err != nil:
		clause = "has a name that is not a wheel's"
	case w.Name != e.name:
		clause = "is a wheel of " + w.Name
	case !e.isVersion(w):
		clause = "is a wheel of version " + w.Version
	default:
		return w, wheel.Misfit{}
	}
	return w, wheel.Misfit{Kind: wheel.Unusable, Need: clause}
}

func (r *lockReader) noWheel(e *lockEntry, t wheel.Target, rejected []wheel.Rejected) error {
	miss := r.out.noWheel(e.name, e.version, t.String())
	switch {
	case len(e.files) > 0:
		rejects(miss, rejected)
	case e.source != nil:
		onlySource(miss, e.source.name, cmp.Or(secret.Redact(e.direct), miss.Asked), r.Sdists)
	default:
		miss.Reason = "the lock file holds no file of it"
	}
	return miss
}

// noWheel returns the fault of a distribution without a fitting wheel, without a reason.
func (f *LockFile) noWheel(name, version, target string) *wheel.NoWheel {
	return &wheel.NoWheel{
		Name: name, Version: version, Asked: strings.TrimSuffix(name+"=="+version, "=="), Target: target,
		Chain:  fmt.Sprintf("the lock file %s asks for it", f.File),
		Advice: "Pin a version that has such a wheel and lock again, give a wheel of this version in python.wheels, or drop the runtime or architecture.",
	}
}

// rejects says why none of the wheels fits.
func rejects(miss *wheel.NoWheel, rejected []wheel.Rejected) {
	miss.Files, miss.Reason = rejected, "the lock file holds "+sumUp(rejected)
}

// onlySource says that there is only a source distribution, and what to do. filename is
// that of this, "" where it is not known. asked is what pip is to be given for it: a
// requirement, a path or an address.
func onlySource(miss *wheel.NoWheel, filename, asked string, sdists bool) {
	miss.Reason = "the lock file holds only a source distribution of it, and nothing is built from source"
	first := `Set python.sdist = "pure", which makes the wheel if that is possible without running its code. Or make`
	if sdists {
		which := "a source distribution"
		if filename != "" {
			which = fmt.Sprintf("%q", filename)
		}
		miss.Reason = fmt.Sprintf("the lock file holds only %s of it, and a wheel is made only of a file that is named as source distributions are, %s-<version>.tar.gz", which, miss.Name)
		first = "Make"
	}
	miss.Advice = fmt.Sprintf(`%s the wheel once by "pip wheel --no-deps %s" and give the file that this writes: python.wheels = [{ source = "${path.module}/….whl" }]. `+
		`Or leave it out by python.exclude = [%q], if nothing imports it.`, first, asked, miss.Name)
}

// sumUp tells why files do not fit: one by one where they are few, else by
// reason, with those first that another version of it might amend.
func sumUp(rejected []wheel.Rejected) string {
	if len(rejected) <= 4 {
		var parts []string
		for _, f := range rejected {
			parts = append(parts, fmt.Sprintf("%q, which %s", f.Filename, f.Misfit))
		}
		return strings.Join(parts, ", and ")
	}
	counts := map[wheel.Misfit]int{}
	for _, f := range rejected {
		counts[f.Misfit]++
	}
	class := func(m wheel.Misfit) int {
		switch m.Kind {
		case wheel.NeedsGlibc, wheel.NeedsPython:
			return 0
		case wheel.ForPython, wheel.ForABI, wheel.RequiresPython:
			return 1
		case wheel.Fits, wheel.ForSystem, wheel.Unusable:
		}
		return 2
	}
	reasons := slices.SortedFunc(maps.Keys(counts), func(a, b wheel.Misfit) int {
		return cmp.Or(cmp.Compare(class(a), class(b)), cmp.Compare(counts[b], counts[a]), cmp.Compare(a.String(), b.String()))
	})
	var parts []string
	for _, m := range reasons {
		clause := m.Plural()
		if counts[m] == 1 {
			clause = m.String()
		}
		parts = append(parts, fmt.Sprintf("%d %s", counts[m], clause))
	}
	return fmt.Sprintf("%d wheels of it: %s", len(rejected), wheel.List(parts))
}

// fromSource returns the source distribution of an entry that has no wheel for
// one platform, if wheels are made of such.
func (r *lockReader) fromSource(e *lockEntry) (lockedFile, wheel.NameTags, bool) {
	if !r.Sdists || e.source == nil || !sdist.Is(e.source.name) {
		return lockedFile{}, wheel.NameTags{}, false
	}
	for _, f := range e.files {
		if w, err := wheel.ParseWheelName(f.name); err == nil && !w.Pure() {
			return lockedFile{}, wheel.NameTags{}, false
		}
	}
	w, ok := wheel.SourceName(e.source.name)
	return *e.source, w, ok && w.Name == e.name && e.isVersion(w)
}

// digest returns the SHA-256 that the lock file gives.
func (r *lockReader) digest(e *lockEntry, f lockedFile) (store.Digest, error) {
	text, ok := f.hashes["sha256"]
	if !ok {
		has := "no hash"
		if len(f.hashes) > 0 {
			has = "no SHA-256, only " + strings.Join(slices.Sorted(maps.Keys(f.hashes)), ", ")
		}
		return store.Digest{}, r.fault(e.title(), "%s for %q: every file is verified by its SHA-256, so lock again with an index that gives it", has, f.name)
	}
	digest, err := store.ParseDigest(text)
	if err != nil {
		return store.Digest{}, r.fault(e.title(), "the SHA-256 of %q cannot be read: %v", f.name, err)
	}
	// The zero digest stands for one that is not known: nothing would be verified.
	if digest.IsZero() {
		return store.Digest{}, r.fault(e.title(), "the SHA-256 of %q is all zeros, which is not a file's", f.name)
	}
	return digest, nil
}

// address returns a wheel's address without credentials, query and fragment.
func (r *lockReader) address(e *lockEntry, text string) (string, error) {
	kept, err := fetch.ParseAddress(text)
	if err != nil {
		return "", r.fault(e.title(), "the address %q of a file cannot be used: %v", fetch.Redact(text), err)
	}
	return kept.String(), nil
}
