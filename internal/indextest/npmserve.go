package indextest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
)

const abbreviatedType = "application/vnd.npm.install-v1+json"

// fails answers badly where a fault says so.
func (n *NPM) fails(w http.ResponseWriter, r *http.Request) bool {
	n.mu.Lock()
	var fault *npmFault
	for _, f := range n.faults {
		if f.Path == r.URL.Path && (f.Times == 0 || f.left > 0) {
			fault = f
			f.left--
			break
		}
	}
	n.mu.Unlock()
	if fault == nil {
		return false
	}
	if fault.RetryAfter != "" {
		w.Header().Set("Retry-After", fault.RetryAfter)
	}
	if fault.Status != 0 {
		http.Error(w, `{"error":"as the test wants it"}`, fault.Status)
		return true
	}
	whole := httptest.NewRecorder()
	n.answer(whole, r)
	maps.Copy(w.Header(), whole.Header())
	w.Header().Set("Content-Length", fmt.Sprint(whole.Body.Len()))
	w.WriteHeader(whole.Code)
	_, _ = w.Write(whole.Body.Bytes()[:whole.Body.Len()/2])
	_ = http.NewResponseController(w).Flush() // or the client sees nothing at all
	panic(http.ErrAbortHandler)
}

func (n *NPM) answer(w http.ResponseWriter, r *http.Request) {
	name, rest := strings.TrimPrefix(r.URL.Path, "/"), ""
	if at := strings.Index(name[min(1, len(name)):], "/"); at >= 0 && !strings.HasPrefix(name, "@") {
		name, rest = name[:at+1], name[at+2:]
	} else if parts := strings.SplitN(name, "/", 3); len(parts) == 3 {
		name, rest = parts[0]+"/"+parts[1], parts[2]
	}
	if strings.HasPrefix(rest, "-/") {
		n.serveTarball(w, r)
		return
	}
	n.mu.Lock()
	body, found := n.document(name, rest, strings.Contains(r.Header.Get("Accept"), abbreviatedType))
	n.mu.Unlock()
	if !found {
		http.Error(w, `{"error":"Not found"}`, http.StatusNotFound)
		return
	}
	n.servePage(w, r, "application/json", body)
}

// document returns the document of a name, or of one of its versions. Recorded
// documents are served as they are.
func (n *NPM) document(name, version string, abbreviated bool) ([]byte, bool) {
	if recorded := n.documents[name]; recorded != nil {
		if version == "" {
			return recorded, true
		}
		var whole struct{ Versions map[string]json.RawMessage }
		if json.Unmarshal(recorded, &whole) != nil {
			return nil, false
		}
		body, ok := whole.Versions[version]
		return body, ok
	}
	p := n.packages[name]
	if p == nil || len(p.versions) == 0 {
		return nil, false
	}
	var object members
	if version == "" {
		object = n.packument(p, abbreviated)
	} else {
		at := slices.IndexFunc(p.versions, func(v *npmVersion) bool { return v.version == version })
		if at < 0 {
			return nil, false
		}
		object = n.manifest(p.name, p.versions[at])
	}
	body, err := json.Marshal(object)
	return body, err == nil
}

func (n *NPM) packument(p *npmPackage, abbreviated bool) members {
	tags, versions, times := members{{"latest", p.latest()}}, members{}, members{}
	for _, tag := range slices.Sorted(maps.Keys(p.tags)) {
		tags.set(tag, p.tags[tag])
	}
	for _, v := range p.versions {
		manifest := n.manifest(p.name, v)
		if abbreviated {
			manifest = abbreviate(manifest)
		}
		versions = append(versions, jsonMember{v.version, manifest})
		if v.uploaded != "" {
			times = append(times, jsonMember{v.version, v.uploaded})
		}
	}
	document := members{{"_id", p.name}, {"name", p.name}, {"dist-tags", tags}, {"versions", versions}}
	if !abbreviated {
		document = append(document, jsonMember{"time", times}, jsonMember{"readme", "# " + p.name + " {\"}\\\n"})
	}
	return document
}

// manifest is a version's manifest as the registry shows it.
func (n *NPM) manifest(name string, v *npmVersion) members {
	dist := members{{"tarball", n.TarballURL(name, v.version)}}
	switch v.shown {
	case "sha1":
		dist = append(dist, jsonMember{"shasum", v.shasum})
	case "":
		dist = append(dist, jsonMember{"integrity", v.integrity}, jsonMember{"shasum", v.shasum})
	}
	return append(slices.Clone(v.manifest), jsonMember{"dist", dist})
}

// abbreviate leaves out what the short form does not have.
func abbreviate(manifest members) members {
	var short members
	for _, m := range manifest {
		switch m.key {
		case "libc":
		case "scripts":
			short = append(short, jsonMember{"hasInstallScript", true})
		default:
			short = append(short, m)
		}
	}
	return short
}

func (n *NPM) serveTarball(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	var content []byte
	for name, p := range n.packages {
		for _, v := range p.versions {
			if tarballPath(name, v.version) == r.URL.Path {
				content = v.tarball
			}
		}
	}
	n.mu.Unlock()
	if content == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("ETag", `"`+hexSum(content)[:16]+`"`)
	http.ServeContent(w, r, "", zipTime, bytes.NewReader(content))
}

// tarballPath is the path that npm's own registry has for a tarball.
func tarballPath(name, version string) string {
	return "/" + name + "/-/" + name[strings.LastIndex(name, "/")+1:] + "-" + version + ".tgz"
}
