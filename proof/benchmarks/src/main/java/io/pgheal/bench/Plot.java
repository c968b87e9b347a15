package io.pgheal.bench;

import io.pgheal.bench.Results.Bar;
import io.pgheal.bench.Results.Chart;
import io.pgheal.bench.Results.Section;
import java.awt.Color;
import java.awt.Font;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.CategorySeries;
import org.knowm.xchart.CategorySeries.CategorySeriesRenderStyle;
import org.knowm.xchart.style.AxesChartStyler.TextAlignment;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Bars, as an image. The background is white in a dark page, too. */
final class Plot {
    private static final Color INK = new Color(0x22, 0x22, 0x22);
    private static final Color BAR = new Color(0x2f, 0x6f, 0x9f);
    private static final Color END = new Color(0xd0, 0x8a, 0x3c);

    private Plot() {}

    static void save(Chart chart, Section section, Path file) throws IOException {
        CategoryChart drawn = new CategoryChartBuilder()
                .width(1100)
                .height(660)
                .title(chart.title())
                .xAxisTitle("%s; %s; JDK %s; load average %s"
                        .formatted(section.taken(), section.machine(), section.jdk(), section.load()))
                .yAxisTitle(chart.unit())
                .build();
        var style = drawn.getStyler();
        style.setXAxisLabelRotation(45);
        style.setXAxisLabelAlignment(TextAlignment.Right); // its end is below its bar
        style.setXAxisLabelAlignmentVertical(TextAlignment.Right);
        style.setYAxisDecimalPattern("#,##0.##");
        style.setAvailableSpaceFill(0.6);
        style.setChartBackgroundColor(Color.WHITE);
        style.setChartFontColor(INK);
        style.setPlotGridVerticalLinesVisible(false);
        style.setAxisTitleFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13));
        style.setAxisTickLabelsFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13));
        style.setMarkerSize(9);
        style.setOverlapped(true);
        style.setYAxisLogarithmic(chart.logarithmic());
        style.setLegendVisible(false);
        style.setYAxisMin(chart.logarithmic() ? 1.0 : Math.min(0, lowest(chart.bars())));
        List<String> labels = chart.bars().stream().map(Bar::label).toList();
        drawn.addSeries("value", labels, chart.bars().stream().map(Bar::value).toList())
                .setFillColor(BAR);
        // Error bars of the library are as long below as above; these ends are where they are.
        end(drawn, "from", labels, chart.bars().stream().map(Bar::low).toList());
        end(drawn, "until", labels, chart.bars().stream().map(Bar::high).toList());
        BitmapEncoder.saveBitmap(drawn, file.toString(), BitmapFormat.PNG);
    }

    private static void end(CategoryChart chart, String name, List<String> labels, List<Double> values) {
        CategorySeries series = chart.addSeries(name, labels, values);
        series.setChartCategorySeriesRenderStyle(CategorySeriesRenderStyle.Scatter);
        series.setMarker(SeriesMarkers.DIAMOND);
        series.setMarkerColor(END);
    }

    private static double lowest(List<Bar> bars) {
        return bars.stream().mapToDouble(Bar::low).min().orElse(0);
    }
}
