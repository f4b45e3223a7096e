package lambdatest

import (
	"cmp"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest/wire"
)

func listLayerVersions(a *AWS, c *call) reply {
	_, name, refusal := c.layerName()
	if refusal != nil {
		return *refusal
	}
	var items []map[string]any
	for _, v := range a.listed(a.own(c).layers[name]) {
		if v.fits(c.URL.Query()) {
			items = append(items, v.item())
		}
	}
	slices.Reverse(items)
	return c.page(items, "LayerVersions")
}

// listed returns what a listing shows of a layer, which may be nil: no deleted version, and none that a
// lagging listing does not know yet.
func (a *AWS) listed(l *layer) []*layerVersion {
	a.listings.Lock()
	defer a.listings.Unlock()
	hidden := a.hidden
	if a.unlisted > 0 {
		a.unlisted--
	} else {
		hidden = nil
	}
	if l == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(l.versions), func(v *layerVersion) bool {
		return v.deleted || slices.Contains(hidden, v.serial)
	})
}

func listLayers(a *AWS, c *call) reply {
	var items []map[string]any
	names := make([]string, 0, len(a.own(c).layers))
	for name := range a.own(c).layers {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fitting := slices.DeleteFunc(slices.Clone(a.own(c).layers[name].versions), func(v *layerVersion) bool {
			return v.deleted || !v.fits(c.URL.Query())
		})
		if len(fitting) == 0 {
			continue
		}
		newest := slices.MaxFunc(fitting, func(x, y *layerVersion) int { return cmp.Compare(x.number, y.number) })
		items = append(items, map[string]any{
			"LayerName": name, "LayerArn": newest.layerARN(), "LatestMatchingVersion": newest.item(),
		})
	}
	return c.page(items, "Layers")
}

// fits applies the filters of listings.
func (v *layerVersion) fits(query url.Values) bool {
	runtime, architecture := query.Get("CompatibleRuntime"), query.Get("CompatibleArchitecture")
	return (runtime == "" || slices.Contains(v.runtimes, runtime)) &&
		(architecture == "" || slices.Contains(v.architectures, architecture))
}

// page answers the page of items that the query asks for.
func (c *call) page(items []map[string]any, field string) reply {
	size, refusal := c.maxItems()
	if refusal != nil {
		return *refusal
	}
	from := 0
	if marker := c.URL.Query().Get("Marker"); marker != "" {
		plain, err := base64.StdEncoding.DecodeString(marker)
		if err == nil {
			from, err = strconv.Atoi(string(plain))
		}
		if err != nil || from < 0 || from > len(items) {
			return c.Fail(http.StatusBadRequest, "InvalidParameterValueException", "Invalid pagination token")
		}
	}
	to := min(from+size, len(items))
	answer := map[string]any{field: append([]map[string]any{}, items[from:to]...)}
	if to < len(items) {
		answer["NextMarker"] = base64.StdEncoding.EncodeToString([]byte(strconv.Itoa(to)))
	}
	return wire.OK(answer)
}

// maxItems returns how many items a page of the answer holds.
func (c *call) maxItems() (int, *reply) {
	text := c.URL.Query().Get("MaxItems")
	if text == "" {
		return pageSize, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 10_000 {
		refusal := c.Invalid(text, "maxItems", "Member must have value between 1 and 10000")
		return 0, &refusal
	}
	return min(n, pageSize), nil
}

// HideNewVersions makes the next n listings of layer versions leave out what
// is published from now on: a listing may lag behind a publish.
func (a *AWS) HideNewVersions(n int) {
	a.listings.Lock()
	defer a.listings.Unlock()
	a.unlisted, a.hidden = n, nil
}
