//go:build real

package bench

import (
	"fmt"
	"image/color"
	"path/filepath"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// figure is one plot of series of the rows.
type figure struct {
	name, title, x, y string
	curves            []curve
}

type curve struct {
	row, series, name string
	color             color.Color
}

var (
	blue   = color.NRGBA{R: 0x1f, G: 0x77, B: 0xb4, A: 0xff}
	orange = color.NRGBA{R: 0xff, G: 0x7f, B: 0x0e, A: 0xff}
)

var plots = []figure{
	{
		name: "create-rate", title: "Create rate over the number of workers", x: "live workers", y: "Pods a second",
		curves: []curve{{"cost", "bare", "bare POST", orange}, {"cost", "rate", "Ottoscaler", blue}},
	},
	{
		name: "sweep", title: "Bare POSTs over how many are in flight", x: "POSTs in flight", y: "Pods a second",
		curves: []curve{{"sweep", "sweep", "bare POST", orange}},
	},
	{
		name: "memory", title: "Memory over the number of workers", x: "live workers", y: "RSS in MB",
		curves: []curve{{"memory", "memory", "workers that run", blue}, {"cost", "growing", "while they are created", orange}},
	},
	{
		name: "cost", title: "Cost per worker over the number of workers", x: "live workers", y: "ms of CPU per worker created",
		curves: []curve{{"cost", "cost", "Ottoscaler", blue}},
	},
}

// plots draws all for which there are figures.
func (k *figuresFile) plots() error {
	for _, f := range plots {
		if !k.has(f) {
			continue
		}
		if err := f.draw(k); err != nil {
			return fmt.Errorf("plot %s: %w", f.name, err)
		}
	}
	return nil
}

// has reports whether there are figures for a plot.
func (k *figuresFile) has(f figure) bool {
	return slices.ContainsFunc(f.curves, func(c curve) bool { return len(k.series(c.row, c.series)) > 0 })
}

func (f figure) draw(k *figuresFile) error {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = f.title, f.x, f.y
	p.X.Min, p.Y.Min = 0, 0
	p.Legend.Top = false
	p.Add(plotter.NewGrid())
	for _, c := range f.curves {
		xys := k.series(c.row, c.series)
		if len(xys) == 0 {
			continue
		}
		line, points, err := plotter.NewLinePoints(xys)
		if err != nil {
			return err
		}
		line.Color, line.Width, points.Color = c.color, vg.Points(1.5), c.color
		p.Add(line, points)
		p.Legend.Add(c.name, line, points)
	}
	p.X.Min, p.Y.Min = 0, 0
	return p.Save(18*vg.Centimeter, 10*vg.Centimeter, filepath.Join(folder, f.name+".svg"))
}

func (k *figuresFile) series(row, name string) plotter.XYs {
	var xys plotter.XYs
	for _, r := range k.Rows {
		if r.Row != row {
			continue
		}
		for _, p := range r.Series[name] {
			xys = append(xys, plotter.XY{X: p.X, Y: p.Y})
		}
	}
	return xys
}
