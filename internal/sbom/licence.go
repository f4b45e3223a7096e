package sbom

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/github/go-spdx/v2/spdxexp"
)

// Licence is what a package says of its licence, in its own words.
type Licence struct {
	// Expression is the one that is to be an SPDX expression: License-Expression of
	// Python's metadata, or license of a package.json.
	Expression string
	// Text is what was written before there were expressions, such as "MIT License"
	// or a whole text.
	Text string
	// Classifiers are those of Python's metadata that begin with "License ::".
	Classifiers []string
}

// read returns the licence as an SPDX expression ("SPDX Specification 2.3, Annex
// D"), or, where it cannot be read as one, the names that the package gives.
func (l Licence) read() (expression string, names []string) {
	for _, text := range []string{l.Expression, l.Text} {
		if found := spdxOf(text); found != "" {
			return found, nil
		}
	}
	var ids []string
	for _, c := range l.Classifiers {
		name := c[strings.LastIndex(c, "::")+len("::"):]
		name = strings.TrimSpace(name)
		if name == "OSI Approved" {
			continue
		}
		if id := classified[name]; id != "" {
			ids = append(ids, id)
		}
		names = append(names, name)
	}
	if len(ids) == 1 && len(names) == 1 {
		return ids[0], nil
	}
	for _, text := range []string{l.Text, l.Expression} {
		if text = strings.TrimSpace(text); len(names) == 0 && text != "" && !strings.EqualFold(text, "unknown") {
			names = append(names, shortened(text))
		}
	}
	return "", slices.Compact(names)
}

// maxLicenceName bounds the name of a licence in characters: whole texts are cut.
const maxLicenceName = 120

func shortened(text string) string {
	text = strings.ToValidUTF8(strings.Join(strings.Fields(text), " "), "?")
	if utf8.RuneCountInString(text) <= maxLicenceName {
		return text
	}
	return string([]rune(text)[:maxLicenceName-1]) + "…"
}

// maxExpression bounds what is parsed as an expression, in bytes.
const maxExpression = 500

// spdxOf returns a text as an SPDX expression in its usual spelling, "" where it
// is none.
func spdxOf(text string) string {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > maxExpression || strings.ContainsAny(text, "\n,;:") {
		return ""
	}
	if id := usual[strings.ToLower(text)]; id != "" {
		return id
	}
	found, invalid := spdxexp.ValidateAndNormalizeLicensesWithOptions([]string{text}, spdxexp.ValidateLicensesOptions{FailAllLicenseRefs: true})
	if len(invalid) > 0 || len(found) != 1 {
		return ""
	}
	return found[0]
}

// simple reports whether an expression is one identifier of the list of licences.
func simple(expression string) bool {
	active, id := spdxexp.ActiveLicense(expression)
	return active && id == expression
}

// usual maps what packages write in place of an identifier to the one that it
// means without doubt.
var usual = map[string]string{
	"mit license": "MIT", "the mit license": "MIT", "the mit license (mit)": "MIT", "mit license (mit)": "MIT", "expat": "MIT", "mit-license": "MIT",
	"apache 2.0": "Apache-2.0", "apache-2": "Apache-2.0", "apache 2": "Apache-2.0", "apache license 2.0": "Apache-2.0", "apache license version 2.0": "Apache-2.0",
	"apache software license 2.0": "Apache-2.0", "apache2": "Apache-2.0", "apache2.0": "Apache-2.0", "apache license v2.0": "Apache-2.0", "apache v2": "Apache-2.0",
	"bsd 3-clause": "BSD-3-Clause", "3-clause bsd": "BSD-3-Clause", "bsd 3-clause license": "BSD-3-Clause", "3-clause bsd license": "BSD-3-Clause", "new bsd": "BSD-3-Clause",
	"new bsd license": "BSD-3-Clause", "modified bsd license": "BSD-3-Clause", "bsd-3": "BSD-3-Clause", "bsd 2-clause": "BSD-2-Clause", "2-clause bsd": "BSD-2-Clause", "2-clause bsd license": "BSD-2-Clause",
	"simplified bsd": "BSD-2-Clause", "simplified bsd license": "BSD-2-Clause",
	"isc license": "ISC", "iscl": "ISC", "isc license (iscl)": "ISC",
	"mpl 2.0": "MPL-2.0", "mpl2": "MPL-2.0", "mozilla public license 2.0": "MPL-2.0", "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
	"psf-2.0": "PSF-2.0", "public domain (unlicense)": "Unlicense", "the unlicense": "Unlicense", "the unlicense (unlicense)": "Unlicense",
	"zlib license": "Zlib", "boost software license 1.0": "BSL-1.0", "cc0 1.0 universal": "CC0-1.0",
	"lgplv3+": "LGPL-3.0-or-later", "lgplv3": "LGPL-3.0-only", "lgplv2+": "LGPL-2.0-or-later", "gplv3": "GPL-3.0-only", "gplv3+": "GPL-3.0-or-later", "gplv2": "GPL-2.0-only", "gplv2+": "GPL-2.0-or-later",
}

// classified maps the trove classifiers that name one licence to its identifier
// (PEP 639, "Mapping license classifiers"). Those that may mean several versions,
// such as "BSD License", are not here.
var classified = map[string]string{
	"MIT License":                                                "MIT",
	"MIT No Attribution License (MIT-0)":                         "MIT-0",
	"ISC License (ISCL)":                                         "ISC",
	"Mozilla Public License 1.0 (MPL)":                           "MPL-1.0",
	"Mozilla Public License 1.1 (MPL 1.1)":                       "MPL-1.1",
	"Mozilla Public License 2.0 (MPL 2.0)":                       "MPL-2.0",
	"The Unlicense (Unlicense)":                                  "Unlicense",
	"zlib/libpng License":                                        "Zlib",
	"Boost Software License 1.0 (BSL-1.0)":                       "BSL-1.0",
	"CC0 1.0 Universal (CC0 1.0) Public Domain Dedication":       "CC0-1.0",
	"Universal Permissive License (UPL)":                         "UPL-1.0",
	"Blue Oak Model License (BlueOak-1.0.0)":                     "BlueOak-1.0.0",
	"GNU General Public License v2 (GPLv2)":                      "GPL-2.0-only",
	"GNU General Public License v2 or later (GPLv2+)":            "GPL-2.0-or-later",
	"GNU General Public License v3 (GPLv3)":                      "GPL-3.0-only",
	"GNU General Public License v3 or later (GPLv3+)":            "GPL-3.0-or-later",
	"GNU Lesser General Public License v2 (LGPLv2)":              "LGPL-2.0-only",
	"GNU Lesser General Public License v2 or later (LGPLv2+)":    "LGPL-2.0-or-later",
	"GNU Lesser General Public License v3 (LGPLv3)":              "LGPL-3.0-only",
	"GNU Lesser General Public License v3 or later (LGPLv3+)":    "LGPL-3.0-or-later",
	"GNU Affero General Public License v3":                       "AGPL-3.0-only",
	"GNU Affero General Public License v3 or later (AGPLv3+)":    "AGPL-3.0-or-later",
	"European Union Public Licence 1.2 (EUPL 1.2)":               "EUPL-1.2",
	"Eclipse Public License 2.0 (EPL-2.0)":                       "EPL-2.0",
	"Common Development and Distribution License 1.0 (CDDL-1.0)": "CDDL-1.0",
	"Historical Permission Notice and Disclaimer (HPND)":         "HPND",
	"SIL Open Font License 1.1 (OFL-1.1)":                        "OFL-1.1",
}
