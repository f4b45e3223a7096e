package tarball

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"path"
	"regexp"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/jsonscan"
)

// maxHeld bounds what PackTarball keeps in memory of files whose first line may
// have to be changed, maxManifest the package.json that it reads.
const (
	maxHeld     = 8 << 20
	maxManifest = 4 << 20
)

// Pack gives the files of a package's tarball to out, as npm installs
// them: what [ReadTarball] shows, those that "bin" of package.json names
// executable and with a first line that Linux understands. So are those of the
// packages that come in the tarball. It returns what the package.json tells;
// nothing where there is none that can be read.
func Pack(ctx context.Context, name string, r io.Reader, out filetree.Packer) (Facts, error) {
	p := packing{ctx: ctx, out: out, held: map[string]heldFile{}, manifests: map[string][]byte{}}
	if err := Read(name, r, p.take); err != nil {
		return Facts{}, err
	}
	if err := p.finish(); err != nil {
		return Facts{}, err
	}
	// npm installs what has an unreadable package.json all the same.
	if facts, err := ReadFacts(p.manifests["."]); err == nil {
		return facts, nil
	}
	return Facts{}, nil
}

// packing is a tarball on its way.
type packing struct {
	ctx       context.Context
	out       filetree.Packer
	in        *bufio.Reader
	paths     []string
	held      map[string]heldFile // by path
	heldBytes int
	manifests map[string][]byte // package.json by its folder, "." for the package's own
}

// heldFile is a file of which it is not known yet whether it is a bin.
type heldFile struct {
	body []byte
	exec bool
}

func (p *packing) take(f File, content io.Reader) error {
	if p.in == nil {
		p.in = bufio.NewReaderSize(content, 4096)
	}
	p.in.Reset(content)
	p.paths = append(p.paths, f.Path)
	p.drop(f.Path)
	var in io.Reader = p.in
	switch dir := path.Dir(f.Path); {
	case path.Base(f.Path) == "package.json" && IsPackageFolder(dir) && f.Size <= maxManifest:
		body, err := io.ReadAll(p.in)
		if err != nil {
			return err
		}
		p.manifests[dir] = body
		in = bytes.NewReader(body)
	case f.Size <= maxHeld-int64(p.heldBytes):
		start, err := p.in.Peek(int(min(f.Size, shebangBytes)))
		if err != nil {
			return err
		}
		if windowsShebang.Match(start) {
			body, err := io.ReadAll(p.in)
			p.held[f.Path] = heldFile{body, f.Exec}
			p.heldBytes += len(body)
			return err
		}
	}
	return p.out.Add(p.ctx, f.Path, f.Exec, f.Size, in)
}

// shebangBytes is how far npm looks for the end of a first line.
const shebangBytes = 2048

// windowsShebang is a first line that names an interpreter and ends as lines do
// on Windows.
var windowsShebang = regexp.MustCompile(`^#![^\n]+\r\n`)

// IsPackageFolder reports whether a folder of a tarball is one of a package: the
// tarball's own, or one that comes in it.
func IsPackageFolder(dir string) bool {
	if dir == "." {
		return true
	}
	parent := path.Dir(dir)
	if strings.HasPrefix(path.Base(parent), "@") {
		parent = path.Dir(parent)
	}
	return path.Base(parent) == "node_modules"
}

// drop forgets a held file that another one takes the place of.
func (p *packing) drop(name string) {
	p.heldBytes -= len(p.held[name].body)
	delete(p.held, name)
}

// finish adds what was held, in its order, and marks the bins.
func (p *packing) finish() error {
	bins := p.bins()
	for _, name := range p.paths {
		held, ok := p.held[name]
		if !ok {
			continue
		}
		p.drop(name)
		body := held.body
		if bins[name] {
			first := windowsShebang.FindIndex(body)[1]
			body = append(bytes.Clone(body[:first-2]), body[first-1:]...)
		}
		if err := p.out.Add(p.ctx, name, held.exec, int64(len(body)), bytes.NewReader(body)); err != nil {
			return err
		}
	}
	for name := range bins {
		p.out.SetExec(name)
	}
	return nil
}

// bins returns the paths that are commands.
func (p *packing) bins() map[string]bool {
	bins := map[string]bool{}
	brings := bundles(p.manifests["."])
	for dir, body := range p.manifests {
		if dir != "." && !brings {
			continue // npm does not know of it
		}
		files, folder := commands(body)
		for _, name := range files {
			bins[path.Join(dir, name)] = true
		}
		if folder == "" {
			continue
		}
		below := path.Join(dir, folder) + "/"
		for _, name := range p.paths {
			if strings.HasPrefix(name, below) && !strings.HasPrefix(path.Base(name), ".") {
				bins[name] = true
			}
		}
	}
	return bins
}

// bundles reports whether a package.json says that packages come with it.
func bundles(body []byte) bool {
	var m struct {
		A json.RawMessage `json:"bundleDependencies"`
		B json.RawMessage `json:"bundledDependencies"`
	}
	if json.Unmarshal(jsonscan.TrimBOM(body), &m) != nil {
		return false
	}
	some := func(raw json.RawMessage) bool {
		text := string(bytes.TrimSpace(raw))
		return text != "" && text != "null" && text != "false" && text != "[]"
	}
	return some(m.A) || some(m.B)
}

// commands returns the files that a package.json names as commands, or the
// folder that holds them. What is malformed names none.
func commands(body []byte) (files []string, folder string) {
	var m struct{ Bin, Directories any }
	if json.Unmarshal(jsonscan.TrimBOM(body), &m) != nil {
		return nil, ""
	}
	switch bin := m.Bin.(type) {
	case string:
		if bin != "" {
			return []string{binPath(bin)}, ""
		}
	case map[string]any:
		for _, value := range bin {
			if text, ok := value.(string); ok && text != "" {
				files = append(files, binPath(text))
			}
		}
		if len(bin) > 0 {
			return files, ""
		}
	}
	directories, _ := m.Directories.(map[string]any)
	if text, ok := directories["bin"].(string); ok && text != "" {
		return nil, binPath(text)
	}
	return nil, ""
}

// binPath returns the path of a command in the package's folder.
func binPath(text string) string {
	text = strings.NewReplacer("\\", "/", ":", "/").Replace(text)
	return strings.TrimPrefix(path.Join("/", text), "/")
}
