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
import org.knowm.xchart.style.Styler.LegendPosition;

/** Bars, as an image. The background is white in a dark page, too. */
final class Plot {
    private static final Color INK = new Color(0x22, 0x22, 0x22);
    private static final Color BAR = new Color(0x2f, 0x6f, 0x9f);
    private static final Color TAIL = new Color(0xd0, 0x8a, 0x3c);

    private Plot() {}

    static void save(Chart chart, Section section, Path file) throws IOException {
        CategoryChart drawn = new CategoryChartBuilder()
                .width(1100)
                .height(620)
                .title(chart.title())
                .xAxisTitle("%s; %s; JDK %s; load average %s"
                        .formatted(section.taken(), section.machine(), section.jdk(), section.load()))
                .yAxisTitle(chart.unit())
                .build();
        var style = drawn.getStyler();
        style.setXAxisLabelRotation(35);
        style.setYAxisDecimalPattern("#,##0.##");
        style.setAvailableSpaceFill(0.6);
        style.setChartBackgroundColor(Color.WHITE);
        style.setChartFontColor(INK);
        style.setPlotGridVerticalLinesVisible(false);
        style.setAxisTitleFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13));
        style.setAxisTickLabelsFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13));
        style.setErrorBarsColor(INK);
        style.setYAxisLogarithmic(chart.logarithmic());
        List<String> labels = chart.bars().stream().map(Bar::label).toList();
        List<Double> values = chart.bars().stream().map(Bar::value).toList();
        if (chart.logarithmic()) { // error bars would have to be as long below as above
            style.setLegendVisible(true);
            style.setLegendPosition(LegendPosition.InsideNW);
            style.setYAxisMin(1.0); // a bar begins somewhere
            drawn.addSeries("median", labels, values).setFillColor(BAR);
            drawn.addSeries(
                            "99 %, or the longest",
                            labels, chart.bars().stream().map(Bar::high).toList())
                    .setFillColor(TAIL);
        } else {
            style.setLegendVisible(false);
            style.setYAxisMin(0.0);
            drawn.addSeries(
                            chart.unit(),
                            labels,
                            values,
                            chart.bars().stream()
                                    .map(bar -> (bar.high() - bar.low()) / 2)
                                    .toList())
                    .setFillColor(BAR);
        }
        BitmapEncoder.saveBitmap(drawn, file.toString(), BitmapFormat.PNG);
    }
}
