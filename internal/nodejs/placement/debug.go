package placement

var debug func(f string, a ...any)

func (d *demand) String() string { return d.owner.path + ":" + d.owner.label() + " -> " + d.name + "@" + d.want.text }
