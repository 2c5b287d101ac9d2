use super::when::Form;
use super::{Locale, Words, money};

const MONTHS: [&str; 12] = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"];

pub(super) static LOCALE: Locale = Locale {
    language: "zh",
    tag: "zh-CN",
    group: ",",
    decimal: ".",
    percent_gap: "",
    money: money::Form::Before,
    units: ["天", "小时", "分钟", "秒"],
    unit_gap: "",
    weekdays: ["周一", "周二", "周三", "周四", "周五", "周六", "周日"],
    dates: Form {
        date: "{y}年{m}月{d}日",
        day: "{m}/{d}",
        month: "{y}年{month}月",
        time_separator: ":",
        at: " ",
        twelve_hours: false,
        months: MONTHS,
        months_alone: MONTHS,
    },
    words: Words {
        page_of: "第 {page} 页，共 {pages} 页",
        period: "期间",
        generated: "生成时间",
        compared: "箭头表示与上一期间相比。",
        before: "上期",
        unchanged: "无变化",
        points: "个百分点",
        no_data: "本期间无数据",
        numbers: "数据",
        weekday: "星期",
        hour: "小时",
        category: "类别",
        date: "日期",
        more_rows: "其余 {n} 行见附件。",
        first_drawn: "图中仅显示前 {n} 项，数据表显示全部。",
        good: "好消息",
        bad: "需要关注",
        neutral: "说明",
    },
};
