package python

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/configuration"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/resolve"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// WheelSpec gives a wheel that no index serves: a file by Source, or one at URL
// with its SHA256 in hexadecimal.
type WheelSpec struct {
	Source, URL, SHA256 string
}

// checkWheels finds what can be known wrong of python.wheels without reading
// anything.
func (p *Spec) checkWheels() error {
	for i, w := range p.Wheels {
		at := fault.At("python", "wheels").Index(i)
		summary := fmt.Sprintf("Malformed element %d of python.wheels", i)
		switch {
		case w.Source == "" && w.URL == "":
			return &fault.Error{At: at, Summary: summary, Detail: "It names neither source nor url: write one of them. " + fault.DroppedNames}
		case w.Source != "" && w.URL != "":
			return &fault.Error{At: at, Summary: summary, Detail: "It names both source and url: write one of them."}
		case w.URL != "" && w.SHA256 == "":
			return &fault.Error{At: at, Summary: summary, Detail: "A wheel at an address needs its sha256, 64 hexadecimal digits: every file is verified before it is used."}
		}
		if w.URL != "" {
			if _, err := checkAddress(at, w.URL, "the wheel"); err != nil {
				return err
			}
		}
		if w.SHA256 != "" {
			digest, err := store.ParseDigest(w.SHA256)
			if err == nil && digest.IsZero() {
				return &fault.Error{At: at, Summary: summary, Detail: "Its sha256 is a placeholder: write the SHA-256 of the file, as sha256sum tells it, if you trust the file."}
			}
			if err != nil {
				return &fault.Error{At: at, Summary: summary, Detail: fmt.Sprintf("%q is not a SHA-256: write 64 hexadecimal digits.", w.SHA256)}
			}
		}
		if _, err := w.given(at.String()).Name(); err != nil {
			return &fault.Error{
				At: at, Summary: fmt.Sprintf("%q is not a wheel", w.given(at.String()).Filename()), Err: err,
				Detail: fault.Sentence(err.Error()) + " The name of a wheel says what it runs on: write it as the tool did that built it.",
			}
		}
	}
	return nil
}

// given returns the wheel as far as it is known without reading anything.
func (w WheelSpec) given(source string) wheel.GivenWheel {
	// A malformed digest or address is refused by checkWheels.
	digest, _ := store.ParseDigest(w.SHA256)
	address, _ := fetch.ParseOwnAddress(w.URL)
	return wheel.GivenWheel{Path: strings.ReplaceAll(w.Source, `\`, "/"), URL: address.String(), SHA256: digest, Source: source}
}

// checkAddress refuses what cannot be kept in the state, or must not be; what names
// the thing at the address. It has no query: a token is none of its business there.
func checkAddress(at fault.Path, address, what string) (fetch.Address, error) {
	kept, err := fetch.ParseOwnAddress(address)
	refused, ok := errors.AsType[*fetch.AddressError](err)
	host := kept.Host()
	if ok {
		host = refused.Host
	}
	switch {
	case ok && refused.Reason == fetch.AddressCredentials:
		return kept, &fault.Error{
			At: at, Summary: fmt.Sprintf("Credentials in the address of %s at %q", what, host), Err: err,
			Detail: "They would be kept in the state. Write the address without them, and the user and password into netrc.",
		}
	case ok && refused.Reason == fetch.AddressLong:
		return kept, fault.Tie(at, fmt.Sprintf("The address of %s is too long", what), err)
	case ok && refused.Reason == fetch.AddressScheme:
		return kept, &fault.Error{At: at, Summary: "Malformed address of " + what, Err: err, Detail: "An address starts with https:// and names a host."}
	case ok || strings.Contains(kept.String(), "?"):
		return kept, &fault.Error{
			At: at, Summary: fmt.Sprintf("A query or fragment in the address of %s at %q", what, host), Err: err,
			Detail: "An address is kept in the state, with the token that a query may hold. Write it without them, and credentials into netrc.",
		}
	}
	return kept, nil
}

// unreadable ties the error of a file or folder on disk to its argument.
func unreadable(at fault.Path, missing, broken string, err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return fault.Tie(at, broken, err)
	}
	return &fault.Error{
		At: at, Summary: missing, Err: err,
		Detail: fault.Sentence(err.Error()) + " Paths are relative to the directory that Terraform runs in; write \"${path.module}/…\".",
	}
}

// givenWheels reads python.wheels; every one runs on a target by its name.
func (p *Spec) givenWheels(ctx context.Context, targets []wheel.Target) ([]wheel.GivenWheel, error) {
	var given []wheel.GivenWheel
	for i, w := range p.Wheels {
		at := fault.At("python", "wheels").Index(i)
		g := w.given(at.String())
		if w.Source != "" {
			found, err := wheel.ReadGivenWheel(ctx, w.Source, at.String())
			if err != nil {
				return nil, unreadable(at, fmt.Sprintf("There is no wheel %q", w.Source), fmt.Sprintf("The wheel %q cannot be read", w.Source), err)
			}
			if !g.SHA256.IsZero() && g.SHA256 != found.SHA256 {
				return nil, &fault.Error{
					At: at, Summary: fmt.Sprintf("The wheel %q is another file", w.Source),
					Detail: fmt.Sprintf("It has the SHA-256 %s, and sha256 says %s.", found.SHA256, g.SHA256),
				}
			}
			g = found
		}
		if err := checkRuns(at, g, targets); err != nil {
			return nil, err
		}
		given = append(given, g)
	}
	return given, nil
}

// checkRuns refuses a wheel that runs nowhere.
func checkRuns(at fault.Path, g wheel.GivenWheel, targets []wheel.Target) error {
	name, err := g.Name()
	if err != nil {
		return fault.Tie(at, fmt.Sprintf("%q is not a wheel", g.Filename()), err)
	}
	var reasons []string
	for _, t := range targets {
		misfit := t.Misfit(name)
		if misfit.Fits() {
			return nil
		}
		reasons = append(reasons, fmt.Sprintf("\n  %s: the wheel %s", t, misfit))
	}
	return &fault.Error{
		At: at, Summary: fmt.Sprintf("The wheel %q runs on none of the runtimes", g.Filename()),
		Detail: "Its name says what it was built for. Give one that was built for a runtime and architecture of the package:" + strings.Join(reasons, ""),
	}
}

// checkLinks finds what can be known wrong of python.find_links without reading
// anything.
func (p *Spec) checkLinks() error {
	for i, place := range p.FindLinks {
		at := fault.At("python", "find_links").Index(i)
		switch kind, _ := configuration.LinkKind(place); {
		case place == "":
			return &fault.Error{At: at, Summary: "Empty element of python.find_links", Detail: "It is a directory with wheels, or the address of a page with links to wheels."}
		case kind == "page":
			if _, err := checkAddress(at, place, "the links"); err != nil {
				return err
			}
		case kind == "file":
			return &fault.Error{
				At: at, Summary: fmt.Sprintf("Unusable element %q of python.find_links", place),
				Detail: "It is a directory with wheels, or the address of a page with links to wheels. Give a single wheel by python.wheels.",
			}
		}
	}
	return nil
}

// addLinks puts what the places hold into the question.
func addLinks(ctx context.Context, spec *resolve.Spec, places []string, source func(i int) fault.Path) error {
	for i, place := range places {
		kind, where := configuration.LinkKind(place)
		if kind == "page" {
			if !slices.Contains(spec.LinkPages, where) {
				spec.LinkPages = append(spec.LinkPages, where)
			}
			continue
		}
		found, err := wheel.ReadWheelFolder(ctx, where, source(i).String())
		if err != nil {
			return unreadable(source(i), fmt.Sprintf("There is no directory %q", where), fmt.Sprintf("The wheels in %q cannot be read", where), err)
		}
		spec.Linked = append(spec.Linked, found...)
	}
	return nil
}
